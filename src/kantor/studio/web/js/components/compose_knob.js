/** A slider with its name, its value in words and what it does. */
import { html, useSignal } from "../lib/html.js";

/**
 * @param {object} knob
 * @param {string} knob.name
 * @param {number} knob.low
 * @param {number} knob.high
 * @param {number} knob.step
 * @param {number} knob.value
 * @param {[string, string]} knob.ends what stands at either end
 * @param {(value: number) => string} knob.words
 * @param {string} knob.help one sentence
 * @param {(value: number) => void} knob.set
 */
export function ComposeKnob({ name, low, high, step, value, ends, words, help, set }) {
  const moving = useSignal(/** @type {number | null} */ (null));
  const shown = moving.value ?? value;
  const id = `knob_${name.toLowerCase().replace(/\W/g, "_")}`;
  /** @param {Event} event */
  const read = (event) => Number(/** @type {HTMLInputElement} */ (event.currentTarget).value);
  return html`<div class="compose_knob" title=${help}>
    <label for=${id}>${name}</label><output for=${id}>${words(shown)}</output>
    <input id=${id} type="range" min=${low} max=${high} step=${step} value=${shown}
      aria-describedby=${`${id}_help`} aria-valuetext=${words(shown)}
      onInput=${(/** @type {Event} */ event) => (moving.value = read(event))}
      onChange=${(/** @type {Event} */ event) => {
        moving.value = null;
        set(read(event));
      }} />
    <span class="compose_ends" aria-hidden="true"><span>${ends[0]}</span><span>${ends[1]}</span></span>
    <p class="note" id=${`${id}_help`}>${help}</p>
  </div>`;
}
