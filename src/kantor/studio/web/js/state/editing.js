/**
 * Editing notes by hand. What a hand wrote is given from then on, rests too. A take on trial is
 * adopted by the first edit, in the same step of undo.
 */
import { batch, effect, signal } from "../lib/html.js";
import { kept } from "../lib/kept.js";
import { noteName } from "../lib/music.js";
import { lengthName, placeName } from "../lib/bars.js";
import { covers, joined, put, soundingAt, without } from "../lib/line_edits.js";
import { preview, shownNotes } from "./hearing.js";
import { change, piece, takes } from "./piece.js";
import { noteOff, noteOn } from "./transport.js";
import { announced } from "./ui.js";

/** @import {LineDocument, NoteSpan, Piece} from "../types.js" */

/** The line that the hand writes in. */
export const activeLine = signal(0);
/** The length of the next note, in steps. */
export const noteLength = signal(4);
/** To what notes snap, in steps. */
export const grid = kept("grid", 2);
/** Where the keyboard writes. */
export const cursor = signal({ step: 0, pitch: 60 });
/**
 * A note as it would be if the pointer were lifted now; the piece is not changed before.
 * @type {import("@preact/signals").Signal<{line: number, index: number, note: NoteSpan} | null>}
 */
export const dragged = signal(null);

/** @type {string | undefined} */
let shown;
effect(() => {
  const open = piece.value;
  if (!open || open.id === shown) return;
  shown = open.id;
  const given = open.lines.findIndex((line) => isGiven(open, line));
  const line = Math.max(0, given);
  activeLine.value = line;
  const first = open.lines[line].notes[0];
  const { low, high } = open.lines[line];
  cursor.value = { step: 0, pitch: first ? first[2] : Math.round((low + high) / 2) };
});

/**
 * Whether a line is given as a whole.
 * @param {Piece} open
 * @param {LineDocument} line
 */
export const isGiven = (open, line) => line.given.some(([start, end]) => start === 0 && end >= open.steps);

/**
 * Change the piece as it is shown: what is on trial becomes its own first.
 * @param {string} label
 * @param {(draft: Piece) => void} edit
 */
export function edit(label, edit) {
  const notes = shownNotes.value;
  const number = preview.value;
  const onTrial = number !== null && takes.value.some((one) => one.number === number);
  batch(() => {
    change(label, (draft) => {
      if (onTrial) {
        for (const [index, line] of draft.lines.entries()) line.notes = structuredClone(notes[index]);
        draft.take = number;
      }
      edit(draft);
    });
    preview.value = null;
  });
}

/**
 * Make a stretch of a line given; what was locked there is no longer.
 * @param {LineDocument} line
 * @param {number} start
 * @param {number} end
 */
export function give(line, start, end) {
  line.given = joined(line.given, start, end);
  line.locked = without(line.locked, start, end);
}

/**
 * A note as it fits into the piece; a drum has one pitch and lasts a step.
 * @param {Piece} open
 * @param {number} line
 * @param {NoteSpan} note
 */
function bounded(open, line, [start, end, pitch]) {
  const from = Math.max(0, Math.min(open.steps - 1, start));
  const { kind, low } = open.lines[line];
  if (kind === "drum") return /** @type {NoteSpan} */ ([from, from + 1, low]);
  return /** @type {NoteSpan} */ ([from, Math.max(from + 1, Math.min(open.steps, end)), Math.max(0, Math.min(127, pitch))]);
}

/**
 * @param {number} line
 * @param {NoteSpan} note
 */
export function addNote(line, note) {
  const open = piece.value;
  if (!open) return;
  const added = bounded(open, line, note);
  edit(`write ${noteName(added[2], open.key.fifths)} in the ${open.lines[line].name}`, (draft) => {
    const its = draft.lines[line];
    its.notes = put(its.notes, added);
    give(its, added[0], added[1]);
  });
  activeLine.value = line;
  cursor.value = { step: added[0], pitch: added[2] };
  if (open.lines[line].kind !== "drum") noteLength.value = added[1] - added[0];
  touch(added[2]);
  announced.value = `Written: ${describe(line, added)}`;
}

/** @type {{line: number, before: LineDocument, index: number, lines: LineDocument[]} | null} */
let carried = null;

/**
 * Move a note, or change its length. Several moves of one note, one after another, are one step of
 * undo, and trim only what is covered in the end.
 * @param {number} line
 * @param {number} index of the note in what is shown
 * @param {NoteSpan} note
 */
export function moveNote(line, index, note) {
  const open = piece.value;
  const old = shownNotes.value[line]?.[index];
  if (!open || !old) return;
  const moved = bounded(open, line, note);
  if (moved.every((value, place) => value === old[place])) return;
  const further = carried?.line === line && carried.lines === open.lines && preview.value === null;
  const before = further && carried ? carried.before : { ...open.lines[line], notes: shownNotes.value[line] };
  const origin = further && carried ? carried.index : index;
  const apply = (/** @type {Piece} */ draft) => {
    const its = draft.lines[line];
    its.notes = put(before.notes, moved, origin);
    its.given = before.given;
    its.locked = before.locked;
    give(its, before.notes[origin][0], before.notes[origin][1]);
    give(its, moved[0], moved[1]);
  };
  const label = `move a note in the ${open.lines[line].name}`;
  if (further) change(label, apply, { join: true });
  else edit(label, apply);
  carried = { line, before, index: origin, lines: piece.value?.lines ?? [] };
  activeLine.value = line;
  cursor.value = { step: moved[0], pitch: moved[2] };
  noteLength.value = moved[1] - moved[0];
  if (moved[2] !== old[2]) touch(moved[2]);
  announced.value = `Moved: ${describe(line, moved)}`;
}

/**
 * Remove a note: its place is a given rest.
 * @param {number} line
 * @param {number} index of the note in what is shown
 */
export function removeNote(line, index) {
  const open = piece.value;
  const old = shownNotes.value[line]?.[index];
  if (!open || !old) return;
  edit(`remove ${noteName(old[2], open.key.fifths)} from the ${open.lines[line].name}`, (draft) => {
    const its = draft.lines[line];
    its.notes = its.notes.filter((_, place) => place !== index);
    give(its, old[0], old[1]);
  });
  activeLine.value = line;
  cursor.value = { step: old[0], pitch: old[2] };
  announced.value = `Removed: ${describe(line, old)}`;
}

/** Sound a pitch shortly; drums are not touched. @param {number} pitch */
export function touch(pitch) {
  if (piece.peek()?.lines[activeLine.peek()]?.kind === "drum") return;
  noteOn(pitch);
  setTimeout(() => noteOff(pitch), 300);
}

/**
 * A note in words.
 * @param {number} line
 * @param {NoteSpan} note
 */
export function describe(line, [start, end, pitch]) {
  const open = piece.value;
  if (!open) return "";
  const its = open.lines[line];
  const outside = pitch < its.low || pitch > its.high ? `, outside the ${its.name}'s range` : "";
  const state = covers(its.given, start) ? ", given" : covers(its.locked, start) ? ", locked" : "";
  const name = noteName(pitch, open.key.fifths);
  return `${placeName(open, start)}, ${its.name}, ${name}, ${lengthName(end - start)}${state}${outside}`;
}

/** What stands under the cursor, in words. */
export function describeCursor() {
  const open = piece.value;
  if (!open) return "";
  const { step, pitch } = cursor.value;
  const line = activeLine.value;
  const note = shownNotes.value[line]?.[soundingAt(shownNotes.value[line] ?? [], step)];
  const name = noteName(pitch, open.key.fifths);
  if (note && note[2] === pitch) return describe(line, note);
  const sounding = note ? `, ${noteName(note[2], open.key.fifths)} sounds` : ", a rest";
  return `${placeName(open, step)}, ${open.lines[line].name}, at ${name}${sounding}`;
}
