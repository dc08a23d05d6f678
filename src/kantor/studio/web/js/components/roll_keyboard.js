/** The roll by keyboard: a cursor that moves, writes, moves notes and selects. */
import { barAt, lengthName, snapped } from "../lib/bars.js";
import { soundingAt } from "../lib/line_edits.js";
import {
  activeLine, addNote, cursor, describe, describeCursor, dragged, grid, moveNote, noteLength, removeNote, touch,
} from "../state/editing.js";
import { shownNotes } from "../state/hearing.js";
import { piece, selection } from "../state/piece.js";
import { editRegion } from "../state/regions.js";
import { regionName } from "../lib/music.js";
import { zoomBy } from "../state/stage.js";
import { announced, typing } from "../state/ui.js";
import { showStep } from "./roll_scroll.js";

/** @import {NoteSpan, Piece} from "../types.js" */

const WITH_CONTROL = ["a", "A", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
const LENGTHS = [1, 2, 3, 4, 6, 8, 12, 16];
const LETTERS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const SHARPENED = ["F", "C", "G", "D", "A", "E", "B"];

/** @typedef {{open: Piece, notes: NoteSpan[], line: number, index: number, note: NoteSpan | undefined}} Here */

/** What stands under the cursor. @returns {Here | null} */
function here() {
  const open = piece.value;
  if (!open) return null;
  const line = activeLine.value;
  const notes = shownNotes.value[line] ?? [];
  const index = soundingAt(notes, cursor.value.step);
  const note = notes[index];
  return note?.[2] === cursor.value.pitch ? { open, notes, line, index, note } : { open, notes, line, index: -1, note: undefined };
}

/** @param {KeyboardEvent} event */
export function onKey(event) {
  const at = here();
  if (!at || (event.ctrlKey || event.metaKey) && !WITH_CONTROL.includes(event.key)) return;
  const done = event.key.startsWith("Arrow") || /^(Home|End|Page)/.test(event.key) ? moved(event, at) : pressed(event, at);
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * Arrows and the like.
 * @param {KeyboardEvent} event
 * @param {Here} at
 */
function moved(event, at) {
  const { key } = event;
  if (event.altKey) return carry(event, at);
  if (key === "ArrowUp" || key === "ArrowDown") {
    const by = key === "ArrowUp" ? 1 : -1;
    if (event.shiftKey) return selectLines(at.open, by);
    if (event.ctrlKey || event.metaKey) return toLine(at.open, activeLine.value - by);
    return go(at, cursor.value.step, Math.max(0, Math.min(127, cursor.value.pitch + by)));
  }
  const to = target(event, at);
  if (event.shiftKey) return selectTo(at.open, cursor.value.step, to);
  const note = at.notes[soundingAt(at.notes, to)];
  return go(at, to, note ? note[2] : cursor.value.pitch);
}

/**
 * Where a key leads: by the grid, from note to note with Ctrl, by bars, or to the ends.
 * @param {KeyboardEvent} event
 * @param {Here} at
 */
function target({ key, ctrlKey, metaKey }, { open, notes }) {
  const { step } = cursor.value;
  const bar = barAt(open, step);
  const starts = notes.map(([start]) => start);
  const by = ctrlKey || metaKey;
  switch (key) {
    case "Home": return by ? 0 : bar.start;
    case "End": return by ? barAt(open, open.steps - 1).start : snapped(open, bar.end - 1, grid.value);
    case "PageUp": return step > bar.start ? bar.start : barAt(open, bar.start - 1).start;
    case "PageDown": return Math.min(bar.end, open.steps - 1);
    case "ArrowLeft": return by ? starts.findLast((start) => start < step) ?? step : snapped(open, step - 1, grid.value);
    default: return by ? starts.find((start) => start > step) ?? step : Math.min(Math.min(bar.end, snapped(open, step, grid.value) + grid.value), open.steps - 1);
  }
}

/**
 * @param {Here} at
 * @param {number} step
 * @param {number} pitch
 */
function go({ line }, step, pitch) {
  const before = cursor.value;
  cursor.value = { step: Math.max(0, step), pitch };
  showStep(step, step < before.step ? 0.7 : 0.3);
  announced.value = describeCursor();
  const now = here();
  if (now?.note && now.line === line && (now.note[0] !== before.step || pitch !== before.pitch)) touch(pitch);
  return true;
}

/** Another voice, with the cursor on what it sounds there. @param {Piece} open @param {number} line */
function toLine(open, line) {
  if (line < 0 || line >= open.lines.length) return true;
  activeLine.value = line;
  const { low, high } = open.lines[line];
  const note = shownNotes.value[line][soundingAt(shownNotes.value[line], cursor.value.step)];
  cursor.value = { ...cursor.value, pitch: note ? note[2] : Math.max(low, Math.min(high, cursor.value.pitch)) };
  announced.value = describeCursor();
  return true;
}

/** Alt and arrows: the note moves; with Shift it changes its length. @param {KeyboardEvent} event @param {Here} at */
function carry({ key, shiftKey }, { line, index, note, open }) {
  if (!note || !key.startsWith("Arrow")) return false;
  const [start, end, pitch] = note;
  const by = key === "ArrowLeft" ? -grid.value : grid.value;
  if (key === "ArrowUp" || key === "ArrowDown") {
    const far = shiftKey ? 12 : 1;
    moveNote(line, index, [start, end, pitch + (key === "ArrowUp" ? far : -far)]);
  } else if (shiftKey) moveNote(line, index, [start, Math.max(start + 1, end + by), pitch]);
  else if (start + by >= 0 && end + by <= open.steps) moveNote(line, index, [start + by, end + by, pitch]);
  showStep(cursor.value.step);
  return true;
}

/** Other keys. @param {KeyboardEvent} event @param {Here} at */
function pressed(event, at) {
  const { open, line, index, note } = at;
  const { key } = event;
  if (key === "Escape") {
    if (!dragged.value && !selection.value) return false;
    dragged.value = null;
    selection.value = null;
    announced.value = "Nothing is selected.";
    return true;
  }
  if (event.ctrlKey || event.metaKey) {
    select(open, 0, open.steps, open.lines.map((_, place) => place));
    return true;
  }
  if (key === "Delete" || key === "Backspace") {
    if (selection.value) editRegion("clear");
    else if (note) removeNote(line, index);
    else announced.value = describeCursor();
    return true;
  }
  if (key === "Enter") {
    if (note) announced.value = describe(line, note);
    if (note) touch(note[2]);
    else addNote(line, [cursor.value.step, cursor.value.step + noteLength.value, cursor.value.pitch]);
    return true;
  }
  if (key === "+" || key === "=" || key === "-") return zoomBy(key === "-" ? 0.8 : 1.25), true;
  if (key === "," || key === ".") return lengthen(key === "." ? 1 : -1), true;
  const letter = key.toUpperCase();
  if (letter in LETTERS && !event.altKey && !selection.value && typing.value !== "piano") return spell(at, /** @type {keyof typeof LETTERS} */ (letter), event.shiftKey);
  return false;
}

/** @param {number} by */
function lengthen(by) {
  const place = LENGTHS.findLastIndex((length) => length <= noteLength.value);
  noteLength.value = LENGTHS[Math.max(0, Math.min(LENGTHS.length - 1, place + by))];
  announced.value = `The next note is ${lengthName(noteLength.value)}.`;
}

/**
 * Write the nearest note of a letter, as the key has it; with Shift a semitone higher. The cursor
 * goes on behind it.
 * @param {Here} at
 * @param {keyof typeof LETTERS} letter
 * @param {boolean} higher
 */
function spell({ open, line }, letter, higher) {
  const { fifths } = open.key;
  const sharp = SHARPENED.slice(0, Math.max(0, fifths)).includes(letter);
  const flat = SHARPENED.toReversed().slice(0, Math.max(0, -fifths)).includes(letter);
  const within = LETTERS[letter] + Number(sharp) - Number(flat) + Number(higher);
  const { step, pitch } = cursor.value;
  const written = within + 12 * Math.round((pitch - within) / 12);
  const length = noteLength.value;
  addNote(line, [step, step + length, written]);
  noteLength.value = length;
  cursor.value = { step: Math.min(open.steps - 1, step + length), pitch: written };
  showStep(cursor.value.step, 0.3);
  return true;
}

/** Where a selection by keyboard began. */
let anchor = 0;

/** @param {Piece} open @param {number} from @param {number} to */
function selectTo(open, from, to) {
  const old = selection.value;
  if (!old || (from !== old.start && from !== old.end && from + grid.value !== old.end)) anchor = from;
  const low = Math.min(anchor, to);
  const high = Math.max(anchor, to);
  const end = Math.min(barAt(open, high).end, snapped(open, high, grid.value) + grid.value);
  cursor.value = { ...cursor.value, step: to };
  showStep(to, to < from ? 0.7 : 0.3);
  select(open, low, end, old?.lines ?? [activeLine.value]);
  return true;
}

/** More lines of the selection, upwards or downwards. @param {Piece} open @param {number} by 1: upwards */
function selectLines(open, by) {
  const old = selection.value;
  const bar = barAt(open, cursor.value.step);
  const lines = old?.lines ?? [activeLine.value];
  const edge = by > 0 ? Math.min(...lines) - 1 : Math.max(...lines) + 1;
  const more = old && edge >= 0 && edge < open.lines.length ? [...lines, edge].sort((a, b) => a - b) : lines;
  select(open, old?.start ?? bar.start, old?.end ?? bar.end, more);
  return true;
}

/** @param {Piece} open @param {number} start @param {number} end @param {number[]} lines */
function select(open, start, end, lines) {
  selection.value = { start, end, lines };
  announced.value = `Selected: ${regionName(open, selection.value)}.`;
}
