/** A recorded melody: how far playback moves it to the grid, and the raw recording. */
import { html } from "../lib/html.js";
import { change, past, piece } from "../state/piece.js";
import { hearRaw, raw } from "../state/recordings.js";
import { guest, recording, stop } from "../state/transport.js";
import { fault } from "../state/ui.js";

const MOVED = "move playback to the grid"; // dragging is one step of undo

export function TransportGrid() {
  const open = piece.value;
  if (!open || (open.source.kind !== "recording" && !open.played)) return null;
  const sounds = raw.value !== null && guest.value === raw.value;
  return html`<div class="row grid_strength">
    ${open.played && html`<${Strength} strength=${open.played.strength} />`}
    ${open.source.kind === "recording" &&
    html`<button class="quiet" disabled=${recording.value} onClick=${() => (sounds ? stop() : void hearRaw(open.id).catch(fault))}>
      ${sounds ? "Stop the raw take" : "Hear the raw take"}</button>`}
  </div>`;
}

/** @param {{strength: number}} props */
function Strength({ strength }) {
  /** @param {Event} event */
  function set(event) {
    const strength = Number(/** @type {HTMLInputElement} */ (event.currentTarget).value) / 100;
    change(
      MOVED,
      (draft) => {
        if (draft.played) draft.played.strength = strength;
      },
      { join: past.peek().at(-1)?.label === MOVED },
    );
  }
  const share = Math.round(strength * 100);
  return html`<label>As played <input type="range" min="0" max="100" step="5" value=${share} onInput=${set}
      aria-label="From as played to on the grid" aria-valuetext=${`${share} % on the grid`} /> on the grid</label>`;
}
