/** Pitch and modulation wheels, and the loudness of what is played in. */
import { html, signal } from "../lib/html.js";
import { kept } from "../lib/kept.js";
import { setHand } from "../sound/channels.js";
import { played } from "../sound/played.js";

const MIDDLE = 8192;
const bend = signal(0);
const modulation = signal(0);
const volume = kept("keyboard-volume", 80);
setHand({ volume: volume.peek() / 100 });

/** @param {number} value -8192 to 8191 */
function bendTo(value) {
  bend.value = value;
  const sent = Math.max(0, Math.min(16_383, value + MIDDLE));
  played(0xe0, sent & 127, sent >> 7);
}

/** @param {Event} event */
const number = (event) => Number(/** @type {HTMLInputElement} */ (event.currentTarget).value);
const springBack = () => bendTo(0);

export function Wheels() {
  return html`<div class="wheels">
    <label><input type="range" class="wheel" min="-8192" max="8191" step="256" value=${bend.value}
      aria-label="Pitch bend; springs back" onInput=${(/** @type {Event} */ event) => bendTo(number(event))}
      onPointerUp=${springBack} onPointerCancel=${springBack} onKeyUp=${springBack} onBlur=${springBack} />
      <span>Pitch</span></label>
    <label><input type="range" class="wheel" min="0" max="127" value=${modulation.value} aria-label="Modulation"
      onInput=${(/** @type {Event} */ event) => {
        modulation.value = number(event);
        played(0xb0, 1, modulation.value);
      }} />
      <span>Mod</span></label>
    <label><input type="range" class="wheel" min="0" max="100" value=${volume.value} aria-label="Volume of the keyboard"
      onInput=${(/** @type {Event} */ event) => {
        volume.value = number(event);
        setHand({ volume: volume.value / 100 });
      }} />
      <span>Volume</span></label>
  </div>`;
}
