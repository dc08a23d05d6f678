/** The ruler: bars as in print, meters, fermatas. A click seeks, a drag selects bars of all lines. */
import { html, useRef } from "../lib/html.js";
import { barsBetween, widened } from "../lib/bars.js";
import { piece, selection } from "../state/piece.js";
import { drawn, zoom } from "../state/stage.js";
import { loop, seek } from "../state/transport.js";

/** @import {Piece} from "../types.js" */

export function RollRuler() {
  const from = useRef(/** @type {{x: number, step: number, moved: boolean} | null} */ (null));
  const open = piece.value;
  if (!open) return null;
  const stepOf = (/** @type {PointerEvent & {currentTarget: HTMLElement}} */ event) =>
    Math.max(0, Math.min(open.steps, (event.clientX - event.currentTarget.getBoundingClientRect().left) / zoom.value));

  /** @param {PointerEvent & {currentTarget: HTMLElement}} event */
  const press = (event) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, step: stepOf(event), moved: false };
  };
  /** @param {PointerEvent & {currentTarget: HTMLElement}} event */
  const drag = (event) => {
    const start = from.current;
    if (!start || (!start.moved && Math.abs(event.clientX - start.x) < 5)) return;
    start.moved = true;
    const [low, high] = widened(open, start.step, stepOf(event), event.shiftKey || event.altKey);
    const old = selection.value;
    if (old?.start !== low || old.end !== high || old.lines.length !== open.lines.length) {
      selection.value = { start: low, end: high, lines: open.lines.map((_, index) => index) };
    }
  };
  /** @param {PointerEvent & {currentTarget: HTMLElement}} event */
  const lift = (event) => {
    if (from.current && !from.current.moved && event.type === "pointerup") seek(stepOf(event));
    from.current = null;
  };
  return html`<div class="roll_ruler" aria-hidden="true" onPointerDown=${press} onPointerMove=${drag} onPointerUp=${lift} onPointerCancel=${lift}
    title="Click: play from here. Drag: select bars of all voices."><${Marks} open=${open} /></div>`;
}

/** @param {{open: Piece}} props */
function Marks({ open }) {
  const near = zoom.value;
  const [from, to] = drawn.value;
  const bars = barsBetween(open, from, to);
  const every = [1, 2, 4, 8, 16, 32, 64].find((count) => count * 16 * near >= 34) ?? 128;
  const left = (/** @type {number} */ step) => ({ left: `${step * near}px` });
  const repeated = loop.value;
  return html`${repeated ? html`<span class="roll_loop" style=${{ ...left(repeated[0]), width: `${(repeated[1] - repeated[0]) * near}px` }}></span>` : null}
    ${bars.map((bar) => bar.number % every === 0 || bar.number <= 1
      ? html`<span key=${bar.start} class="roll_bar" style=${left(bar.start)}>${bar.number}</span>` : null)}
    ${[/** @type {[number, string]} */ ([0, open.meter]), ...open.meters].filter(([step]) => step >= from && step < to)
      .map(([step, meter]) => html`<span key=${`m${step}`} class="roll_meter" style=${left(step)}>${meter}</span>`)}
    ${open.fermatas.filter(([start, end]) => end > from && start < to).map(([start, end]) => html`<svg key=${`f${start}`} class="roll_fermata"
      viewBox="0 0 14 9" style=${{ left: `${((start + end) / 2) * near - 7}px` }}><path d="M1 8a6 6 0 0 1 12 0" /><circle cx="7" cy="7" r="1.2" /></svg>`)}`;
}
