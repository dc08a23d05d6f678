/** The keys at the left of the roll: they name the octaves and sound. */
import { html } from "../lib/html.js";
import { isBlack, noteName } from "../lib/music.js";
import { piece } from "../state/piece.js";
import { compass, row } from "../state/stage.js";
import { noteOff, noteOn } from "../state/transport.js";

/** @type {number | null} */
let down = null;

function lift() {
  if (down !== null) noteOff(down);
  down = null;
}

/** @param {PointerEvent} event */
function press(event) {
  const pitch = Number(/** @type {HTMLElement} */ (event.target).dataset.pitch);
  if (Number.isNaN(pitch) || (event.type === "pointermove" && (down === null || down === pitch))) return;
  /** @type {HTMLElement} */ (event.target).releasePointerCapture?.(event.pointerId);
  lift();
  down = pitch;
  noteOn(pitch);
}

export function RollKeys() {
  const lines = piece.value?.lines ?? [];
  const { floor, high, drums } = compass.value;
  const pitches = Array.from({ length: high - floor + 1 }, (_, place) => high - place);
  return html`<div class="roll_keys" aria-hidden="true" onPointerDown=${press} onPointerMove=${press} onPointerUp=${lift} onPointerLeave=${lift} onPointerCancel=${lift}>
    ${pitches.map((pitch) => html`<div key=${pitch} data-pitch=${pitch} class=${isBlack(pitch) ? "black" : "white"} style=${{ height: `${row.value}px` }}>
      ${pitch % 12 === 0 ? noteName(pitch) : null}</div>`)}
    ${drums.map((line) => html`<div key=${`drum ${line}`} class="drum" title=${lines[line].name} style=${{ height: `${row.value}px` }}>${lines[line].name}</div>`)}
  </div>`;
}
