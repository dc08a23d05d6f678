/** Over the notes: what is selected, the cursor of the keyboard, the note that is being dragged. */
import { html } from "../lib/html.js";
import { activeLine, cursor, dragged, grid } from "../state/editing.js";
import { shownNotes } from "../state/hearing.js";
import { piece, selection } from "../state/piece.js";
import { compass, row, rowOf, yOf, zoom } from "../state/stage.js";

/** @import {Piece, Region} from "../types.js" */

export function RollOverlay() {
  const open = piece.value;
  if (!open) return null;
  const region = selection.value;
  return html`<div class="roll_overlay" aria-hidden="true">
    ${region ? html`<${Selected} open=${open} region=${region} />` : null}
    <${Cursor} open=${open} />
    <${Ghost} open=${open} />
  </div>`;
}

/**
 * @param {number} start
 * @param {number} end
 * @param {number} high
 * @param {number} low
 */
function box(start, end, high, low) {
  const near = zoom.value;
  return { left: `${start * near}px`, width: `${Math.max(2, (end - start) * near)}px`, top: `${yOf(high)}px`, height: `${(high - low + 1) * row.value}px` };
}

/** A band a line, as high as its notes there, or its range. @param {{open: Piece, region: Region}} props */
function Selected({ open, region }) {
  const { start, end } = region;
  if (region.lines.length === open.lines.length) {
    return html`<div class="roll_band all" style=${box(start, end, compass.value.high, compass.value.low)}></div>`;
  }
  return region.lines.map((index) => {
    const pitches = shownNotes.value[index].filter(([from, to]) => to > start && from < end).map((note) => note[2]);
    const { kind, low, high, colour } = open.lines[index];
    const own = rowOf(index, low);
    const band = kind === "drum" ? box(start, end, own, own) : pitches.length ? box(start, end, Math.max(...pitches) + 1, Math.min(...pitches) - 1) : box(start, end, high, low);
    return html`<div key=${index} class="roll_band" style=${{ ...band, "--line": colour }}></div>`;
  });
}

/** @param {{open: Piece}} props */
function Cursor({ open }) {
  const { step } = cursor.value;
  const pitch = rowOf(activeLine.value, cursor.value.pitch);
  const colour = open.lines[activeLine.value]?.colour;
  return html`<div class="roll_cursor" style=${{ ...box(step, Math.min(open.steps, step + grid.value), pitch, pitch), "--line": colour }}></div>`;
}

/** @param {{open: Piece}} props */
function Ghost({ open }) {
  const moved = dragged.value;
  if (!moved) return null;
  const [start, end] = moved.note;
  const pitch = rowOf(moved.line, moved.note[2]);
  return html`<div class="roll_ghost" style=${{ ...box(start, end, pitch, pitch), "--line": open.lines[moved.line].colour }}></div>`;
}
