/** The piano roll: all lines over one another, a ruler, keys, and the playhead. */
import { html, useEffect, useLayoutEffect, useRef } from "../lib/html.js";
import { RollChords } from "./chord_row.js";
import { describeCursor } from "../state/editing.js";
import { preview } from "../state/hearing.js";
import { piece } from "../state/piece.js";
import { compass, row, zoom } from "../state/stage.js";
import { announced } from "../state/ui.js";
import "./roll_help.js";
import { onKey } from "./roll_keyboard.js";
import { RollKeys } from "./roll_keys.js";
import { RollOverlay } from "./roll_overlay.js";
import { RollPicture } from "./roll_picture.js";
import { Playhead } from "./roll_playhead.js";
import { pointed } from "./roll_pointer.js";
import { RollRuler } from "./roll_ruler.js";
import { rolled, followed, showNotes } from "./roll_scroll.js";
import { RollSelection } from "./roll_selection.js";
import { RollSummary } from "./roll_summary.js";
import { RollTools } from "./roll_tools.js";

export function Roll() {
  const open = piece.value;
  const scroller = useRef(/** @type {HTMLDivElement | null} */ (null));
  const picture = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => (scroller.current ? followed(scroller.current) : undefined), [open?.id]);
  useEffect(() => (picture.current ? pointed(picture.current) : undefined), [open?.id]);
  useEffect(() => (scroller.current ? showNotes(scroller.current) : undefined), [open?.id, open?.take, preview.value]);
  const near = zoom.value;
  const before = useRef(near);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && before.current !== near) {
      const middle = (element.scrollLeft + element.clientWidth / 2) / before.current;
      element.scrollLeft = middle * near - element.clientWidth / 2;
      before.current = near;
      rolled(element);
    }
  }, [near]);
  if (!open) return null;
  const { low, high } = compass.value;
  const height = (high - low + 1) * row.value;
  const width = open.steps * near;
  return html`<div class="roll">
    <${RollTools} />
    <div class="roll_scroll" ref=${scroller} role="application" tabindex="0" aria-label="Piano roll" aria-describedby="roll_summary"
      onScroll=${(/** @type {{currentTarget: HTMLDivElement}} */ event) => rolled(event.currentTarget)}
      onKeyDown=${onKey} onFocus=${greet} data-steps=${open.steps}>
      <div class="roll_ground" style=${{ gridTemplateColumns: `var(--keys) ${width}px` }}>
        <div class="roll_corner"></div>
        <${RollRuler} />
        <${RollKeys} />
        <div class="roll_picture" ref=${picture} style=${{ height: `${height}px` }}>
          <${RollPicture} /><${RollOverlay} />
        </div>
        <${RollChords} />
        <${Playhead} />
      </div>
    </div>
    <${RollSelection} />
    <${RollSummary} />
  </div>`;
}

function greet() {
  announced.value = describeCursor();
}

