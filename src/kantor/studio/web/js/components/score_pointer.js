/** The pointer in the score: a click moves the playhead, dragging over bars selects them. */
import { barNear, linesOfStaves, staffNear, stepIn } from "../lib/score_map.js";
import { activeLine } from "../state/editing.js";
import { layout, oneVoice } from "../state/engraved.js";
import { piece, selection } from "../state/piece.js";
import { seek } from "../state/transport.js";

/** @import {Bar, ScoreMap} from "../lib/score_map.js" */
/** @typedef {{bar: Bar, x: number, y: number, lines: number[]}} Begun */

const STILL = 6; // pixels that a click may move
/** @type {number | null} the bar from which Shift and a click select */
let anchor = null;

/**
 * @param {HTMLElement} box
 * @param {{peek: () => ScoreMap | null}} map
 * @returns {() => void} ends it
 */
export function pointed(box, map) {
  /** @type {Begun | null} */
  let begun = null;
  let dragged = false;

  const at = (/** @type {PointerEvent} */ event) => {
    const corner = box.getBoundingClientRect();
    const [x, y] = [event.clientX - corner.left, event.clientY - corner.top];
    const known = map.peek();
    const bar = known ? barNear(known, x, y) : null;
    return bar ? { bar, x, y } : null;
  };
  const down = (/** @type {PointerEvent} */ event) => {
    const place = event.button === 0 ? at(event) : null;
    if (!place) return;
    begun = { ...place, lines: linesAt(place.bar, place.y, event.altKey) };
    dragged = false;
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const place = begun ? at(event) : null;
    if (!place || !begun) return;
    if (!dragged && Math.hypot(place.x - begun.x, place.y - begun.y) < STILL) return;
    if (!dragged) box.setPointerCapture(event.pointerId);
    dragged = true;
    select(begun.bar, place.bar, begun.lines);
  };
  const up = (/** @type {PointerEvent} */ event) => {
    const place = at(event);
    if (begun && place && !dragged) clicked(event, place, begun.lines);
    begun = null;
  };
  const cancel = () => void (begun = null);
  const listeners = /** @type {[string, (event: any) => void][]} */ ([["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", cancel]]);
  for (const [kind, listener] of listeners) box.addEventListener(kind, listener);
  return () => listeners.forEach(([kind, listener]) => box.removeEventListener(kind, listener));
}

/**
 * @param {PointerEvent} event
 * @param {{bar: Bar, x: number}} place
 * @param {number[]} lines
 */
function clicked(event, { bar, x }, lines) {
  if (event.shiftKey) {
    const from = selection.peek()?.start ?? anchor ?? bar.start;
    selection.value = { start: Math.min(from, bar.start), end: Math.max(from, selection.peek()?.end ?? 0, bar.end), lines };
    return;
  }
  anchor = bar.start;
  const head = event.target instanceof Element ? event.target.closest("g.note[id^='n-']") : null;
  if (head) activeLine.value = Number(head.id.split("-")[1]);
  seek(head ? Number(head.id.split("-")[2]) : stepIn(bar, x));
  selection.value = null;
}

/**
 * @param {Bar} one
 * @param {Bar} other
 * @param {number[]} lines
 */
function select(one, other, lines) {
  const next = { start: Math.min(one.start, other.start), end: Math.max(one.end, other.end), lines };
  const now = selection.peek();
  if (now && now.start === next.start && now.end === next.end && String(now.lines) === String(lines)) return;
  anchor = one.start;
  selection.value = next;
}

/**
 * The lines that a drag concerns: all, or with Alt those of the staff where it began.
 * @param {Bar} bar
 * @param {number} y
 * @param {boolean} alone
 */
function linesAt(bar, y, alone) {
  const lines = piece.peek()?.lines ?? [];
  if (!alone && !oneVoice.peek()) return lines.map((_, index) => index);
  const own = linesOfStaves(lines, layout.peek())[staffNear(bar, y)] ?? [];
  return own.includes(activeLine.peek()) ? [activeLine.peek()] : own;
}
