/** What a piece becomes when a take is used: cells that are given or locked stay, and so does what lies around the take's region. */

/** @import {NoteSpan, Piece, Take} from "../types.js" */

/**
 * Each line's notes of the piece with the take in it.
 * @param {Piece} open
 * @param {Take} take
 * @returns {NoteSpan[][]}
 */
export function withTake(open, take) {
  return open.lines.map((line, index) => {
    const composed = take.notes[index];
    if (!composed) return line.notes;
    const kept = new Uint8Array(open.steps);
    for (const [start, end] of [...line.given, ...line.locked]) kept.fill(1, start, end);
    kept.fill(1, take.steps);
    if (take.region) {
      const { start, end, lines } = take.region;
      if (!lines.includes(index)) return line.notes;
      kept.fill(1, 0, start);
      kept.fill(1, end);
    }
    return joinedNotes(line.notes, composed, kept);
  });
}

/**
 * @param {NoteSpan[]} own
 * @param {NoteSpan[]} other
 * @param {Uint8Array} kept 1 where a step is as in `own`, else it is as in `other`
 * @returns {NoteSpan[]}
 */
function joinedNotes(own, other, kept) {
  const cells = new Int16Array(kept.length).fill(-1);
  const starts = new Uint8Array(kept.length);
  for (const [notes, flag] of /** @type {[NoteSpan[], number][]} */ ([[own, 1], [other, 0]])) {
    for (const [start, end, pitch] of notes) {
      for (let step = start; step < Math.min(end, kept.length); step += 1) {
        if (kept[step] !== flag) continue;
        cells[step] = pitch;
        starts[step] = Number(step === start);
      }
    }
  }
  /** @type {NoteSpan[]} */
  const joined = [];
  for (let step = 0; step < cells.length; step += 1) {
    if (cells[step] < 0) continue;
    const last = joined.at(-1);
    if (last && last[1] === step && last[2] === cells[step] && !starts[step]) last[1] = step + 1;
    else joined.push([step, step + 1, cells[step]]);
  }
  return joined;
}

/**
 * How many cells of a region are neither given nor locked, and how many notes begin there.
 * @param {Piece} open
 * @param {{start: number, end: number, lines: number[]}} region
 */
export function freeCells(open, { start, end, lines }) {
  let free = 0;
  let notes = 0;
  for (const index of lines) {
    const line = open.lines[index];
    if (!line) continue;
    const kept = new Uint8Array(open.steps);
    for (const span of [...line.given, ...line.locked]) kept.fill(1, ...span);
    for (let step = start; step < Math.min(end, open.steps); step += 1) free += 1 - kept[step];
    for (const [from, to] of line.notes) if (from < end && to > start && !kept[Math.max(from, start)]) notes += 1;
  }
  return { free, notes };
}
