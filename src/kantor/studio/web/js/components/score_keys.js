/** The keyboard in the score: arrows move the playhead, with Shift they select bars. */
import { barsBetween, beatsAt } from "../lib/bars.js";
import { activeLine } from "../state/editing.js";
import { oneVoice } from "../state/engraved.js";
import { piece, selection } from "../state/piece.js";
import { regionName } from "../lib/music.js";
import { placeName } from "../lib/bars.js";
import { position, seek } from "../state/transport.js";
import { announced } from "../state/ui.js";

/** @import {Piece} from "../types.js" */

/** @param {KeyboardEvent} event */
export function onKey(event) {
  const open = piece.peek();
  if (!open || event.altKey || event.target !== event.currentTarget) return;
  const way = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (event.key === "Escape" && selection.peek()) selection.value = null;
  else if (event.key === "Home") seek(0);
  else if (!way) return;
  else if (event.shiftKey) select(open, way);
  else {
    seek(moved(open, Math.round(position.peek()), way, event.ctrlKey || event.metaKey));
    announced.value = placeName(open, position.peek());
  }
  event.preventDefault();
}

/**
 * The next beat or bar line, or the one before.
 * @param {Piece} open
 * @param {number} from
 * @param {number} way
 * @param {boolean} byBars
 */
function moved(open, from, way, byBars) {
  if (!byBars) return Math.max(0, Math.min(open.steps - 1, from + way * beatsAt(open, from).beat));
  const starts = barsBetween(open, 0, open.steps).map((bar) => bar.start);
  const next = way > 0 ? starts.find((start) => start > from) : starts.findLast((start) => start < from);
  return next ?? from;
}

/**
 * Select the bar of the playhead; then one bar more or less at the end.
 * @param {Piece} open
 * @param {number} way
 */
function select(open, way) {
  const bars = barsBetween(open, 0, open.steps);
  const lines = oneVoice.peek() ? [activeLine.peek()] : open.lines.map((_, index) => index);
  const now = selection.peek();
  if (!now) {
    const bar = bars.findLast(({ start }) => start <= position.peek()) ?? bars[0];
    selection.value = { start: bar.start, end: bar.end, lines };
  } else {
    const last = bars.findLastIndex(({ start }) => start < now.end);
    const end = bars[Math.max(0, Math.min(bars.length - 1, last + way))].end;
    if (end > now.start) selection.value = { ...now, end, lines };
  }
  if (selection.peek()) announced.value = regionName(open, /** @type {import("../types.js").Region} */ (selection.peek()));
}
