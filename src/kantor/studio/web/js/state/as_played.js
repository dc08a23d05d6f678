/** Notes between the grid and the way they were played. */

/** @import {NoteSpan, Played} from "../types.js" */

const USUAL = 80;
const FARTHEST = 3;

/**
 * The note that was played for each note of the grid; null for one that was written later.
 * @param {Played["notes"]} played
 * @param {NoteSpan[]} notes of the line now
 */
export function playedFor(played, notes) {
  const free = new Set(played);
  return notes.map(([start, , pitch]) => {
    let found = null;
    for (const one of free) {
      if (one[2] !== pitch || Math.abs(one[0] - start) > FARTHEST) continue;
      if (!found || Math.abs(one[0] - start) < Math.abs(found[0] - start)) found = one;
    }
    if (found) free.delete(found);
    return found;
  });
}

/**
 * A line's notes for the synthesizer, moved to the grid by the strength of `played`.
 * @param {Played} played
 * @param {NoteSpan[]} notes
 * @returns {[start: number, end: number, pitch: number, velocity: number][]}
 */
export function between(played, notes) {
  const away = 1 - played.strength;
  const own = away > 0 ? playedFor(played.notes, notes) : [];
  return notes.map(([start, end, pitch], index) => {
    const one = own[index];
    if (!one) return [start, end, pitch, USUAL];
    const begin = start + away * (one[0] - start);
    const until = Math.max(begin + 0.25, end + away * (one[1] - end));
    return [begin, until, pitch, Math.round(USUAL + away * (one[3] - USUAL))];
  });
}
