/**
 * Mouse, pen and touch on the roll: a click writes a note, a drag moves or stretches one, a drag
 * beside the notes selects bars of the active line. By touch a long press takes hold; without it a
 * finger scrolls. The piece is changed when the pointer is lifted, not before.
 */
import { snapped, widened } from "../lib/bars.js";
import { soundingAt } from "../lib/line_edits.js";
import { activeLine, addNote, cursor, dragged, grid, moveNote, noteLength, removeNote, touch } from "../state/editing.js";
import { shownNotes } from "../state/hearing.js";
import { piece, selection } from "../state/piece.js";
import { compass, drumAt, row, rowOf, zoom, zoomBy } from "../state/stage.js";

/** @import {NoteSpan} from "../types.js" */
/** @typedef {{line: number, index: number, note: NoteSpan, part: "start" | "body" | "end"}} Hit */
/** @typedef {{id: number, x: number, y: number, step: number, pitch: number, hit: Hit | null, moved: boolean, held: boolean}} Gesture */

const HOLD = 400;
const EDGE = 6;

/**
 * @param {HTMLElement} element
 * @returns {() => void} ends it
 */
export function pointed(element) {
  /** @type {Gesture | null} */
  let gesture = null;
  /** @type {number | undefined} */
  let timer;
  /** Whether the last two clicks met a note. @type {[boolean, boolean]} */
  let met = [false, false];

  /** @param {PointerEvent} event */
  function down(event) {
    if (gesture && event.pointerType === "touch" && !gesture.held) end(); // two fingers scroll
    else if (!gesture && event.button === 0 && event.isPrimary) begin(event);
  }

  /** @param {PointerEvent} event */
  function begin(event) {
    const { step, pitch } = placeIn(element, event);
    const byFinger = event.pointerType === "touch";
    gesture = { id: event.pointerId, x: event.clientX, y: event.clientY, step, pitch, hit: hitBy(element, event), moved: false, held: !byFinger };
    if (byFinger) timer = setTimeout(hold, HOLD);
    else {
      element.setPointerCapture(event.pointerId);
      if (gesture.hit) pick(gesture.hit);
    }
  }

  /** A finger has rested: it drags from now on. */
  function hold() {
    if (!gesture) return;
    gesture.held = true;
    navigator.vibrate?.(15);
    if (gesture.hit) pick(gesture.hit);
    else select(gesture, gesture.step, false);
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (!gesture) {
      const part = hitBy(element, event)?.part;
      element.style.cursor = part === "body" ? "grab" : part ? "ew-resize" : "";
      return;
    }
    if (event.pointerId !== gesture.id) return;
    const far = Math.hypot(event.clientX - gesture.x, event.clientY - gesture.y);
    if (!gesture.held) {
      if (far > 10) end();
      return;
    }
    if (!gesture.moved && far < 5) return;
    gesture.moved = true;
    const { step, pitch } = placeIn(element, event);
    if (gesture.hit) drag(gesture, gesture.hit, step, pitch, event.altKey);
    else select(gesture, step, event.shiftKey || event.altKey);
  }

  /** @param {PointerEvent} event */
  function up(event) {
    if (!gesture || event.pointerId !== gesture.id) return;
    const { hit, moved, held, step, pitch } = gesture;
    const result = dragged.value;
    const byFinger = event.pointerType === "touch";
    end();
    if (hit && moved && result) moveNote(hit.line, hit.index, result.note);
    else if (hit && byFinger && !held) pick(hit);
    met = [met[1], hit !== null];
    if (!hit && !moved && !(byFinger && held)) write(step, pitch);
  }

  function end() {
    clearTimeout(timer);
    gesture = null;
    dragged.value = null;
  }

  /** @param {MouseEvent} event */
  function twice(event) {
    const hit = hitBy(element, event);
    if (hit && met[0]) removeNote(hit.line, hit.index);
    met = [false, false];
  }

  const controller = new AbortController();
  const { signal } = controller;
  element.addEventListener("pointerdown", down, { signal });
  element.addEventListener("pointermove", move, { signal });
  element.addEventListener("pointerup", up, { signal });
  element.addEventListener("pointercancel", end, { signal });
  element.addEventListener("dblclick", twice, { signal });
  element.addEventListener("contextmenu", (event) => gesture && event.preventDefault(), { signal });
  // A finger that holds a note must not scroll: only this listener can refuse it.
  element.addEventListener("touchmove", (event) => gesture?.held && event.preventDefault(), { passive: false, signal });
  element.addEventListener("wheel", nearer, { passive: false, signal });
  return () => {
    end();
    controller.abort();
  };
}

/** Ctrl and the wheel: nearer or farther. @param {WheelEvent} event */
function nearer(event) {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
}

/**
 * @param {HTMLElement} element
 * @param {MouseEvent} event
 */
function placeIn(element, event) {
  const { left, top } = element.getBoundingClientRect();
  const step = (event.clientX - left) / zoom.value;
  return { step, pitch: compass.value.high - Math.floor((event.clientY - top) / row.value) };
}

/**
 * The note under the pointer; a finger may be a semitone beside one of the active line.
 * @param {HTMLElement} element
 * @param {MouseEvent} event
 * @returns {Hit | null}
 */
function hitBy(element, event) {
  const { step, pitch } = placeIn(element, event);
  // Not the event's target: while the pointer is captured that is the picture.
  const under = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-index]");
  let line = activeLine.value;
  let index = -1;
  if (under instanceof SVGElement) {
    line = Number(under.dataset.line);
    index = Number(under.dataset.index);
  } else if (event instanceof PointerEvent && event.pointerType === "touch") {
    index = soundingAt(shownNotes.value[line] ?? [], step);
  }
  const note = shownNotes.value[line]?.[index];
  if (!note || Math.abs(rowOf(line, note[2]) - pitch) > 1) return null;
  const width = (note[1] - note[0]) * zoom.value;
  const edge = width < 3 * EDGE ? width / 4 : EDGE;
  const into = (step - note[0]) * zoom.value;
  return { line, index, note, part: into < edge ? "start" : width - into < edge ? "end" : "body" };
}

/** @param {Hit} hit */
function pick({ line, note }) {
  activeLine.value = line;
  cursor.value = { step: note[0], pitch: note[2] };
  noteLength.value = note[1] - note[0];
  touch(note[2]);
}

/**
 * @param {Gesture} gesture
 * @param {Hit} hit
 * @param {number} step
 * @param {number} pitch
 * @param {boolean} fine without snapping to the grid
 */
function drag(gesture, hit, step, pitch, fine) {
  const unit = fine ? 1 : grid.value;
  const by = Math.round((step - gesture.step) / unit) * unit;
  const [start, end, old] = hit.note;
  const steps = piece.value?.steps ?? end;
  /** @type {NoteSpan} */
  let note;
  if (hit.part === "start") note = [Math.max(0, Math.min(end - 1, start + by)), end, old];
  else if (hit.part === "end") note = [start, Math.min(steps, Math.max(start + 1, end + by)), old];
  else {
    const from = Math.max(0, Math.min(steps - (end - start), start + by));
    note = [from, from + end - start, Math.max(0, Math.min(127, old + pitch - gesture.pitch))];
  }
  const before = dragged.value?.note ?? hit.note;
  if (before[2] !== note[2]) touch(note[2]);
  if (before.some((value, place) => value !== note[place])) dragged.value = { line: hit.line, index: hit.index, note };
}

/**
 * @param {Gesture} gesture
 * @param {number} step
 * @param {boolean} beats
 */
function select(gesture, step, beats) {
  const open = piece.value;
  if (!open) return;
  const [start, end] = widened(open, gesture.step, step, beats);
  const old = selection.value;
  if (old?.start === start && old.end === end && old.lines[0] === activeLine.value && old.lines.length === 1) return;
  selection.value = { start, end, lines: [activeLine.value] };
}

/**
 * A click beside the notes: it takes a selection away, or else writes a note.
 * @param {number} step
 * @param {number} pitch
 */
function write(step, pitch) {
  const open = piece.value;
  if (!open || step >= open.steps) return;
  if (selection.value) {
    selection.value = null;
    return;
  }
  const start = snapped(open, Math.floor(step), grid.value);
  addNote(drumAt(pitch) ?? activeLine.value, [start, start + noteLength.value, pitch]);
}
