/** An empty piece: to write notes in, or to have all voices composed. */
import { html, useSignal } from "../lib/html.js";
import { KeySelect } from "./start_key.js";

const METERS = ["4/4", "3/4", "2/4", "2/2", "6/8", "9/8", "12/8", "3/8"];

/** @param {{create: (order: unknown) => void}} props */
export function StartForm({ create }) {
  const bars = useSignal(8);
  const meter = useSignal("4/4");
  const key = useSignal({ fifths: 0, mode: "major" });
  const tempo = useSignal(90);
  /** @param {boolean} write */
  const make = (write) =>
    create({ form: { bars: bars.value, meter: meter.value, key: key.value, tempo: tempo.value, write } });
  /**
   * @param {import("@preact/signals").Signal<number>} into
   * @param {any} event
   */
  const number = (into, event) => {
    const { valueAsNumber: value, min, max } = event.currentTarget;
    if (!Number.isNaN(value)) into.value = Math.max(Number(min), Math.min(Number(max), Math.round(value)));
    event.currentTarget.value = String(into.value);
  };
  return html`<form class="card start_form" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <h3>Begin with an empty piece</h3>
    <div class="start_fields">
      <label class="field">Bars
        <input type="number" min="1" max="200" value=${bars.value} onChange=${(/** @type {any} */ event) => number(bars, event)} /></label>
      <label class="field">Meter
        <select onChange=${(/** @type {any} */ event) => (meter.value = event.currentTarget.value)}>
          ${METERS.map((one) => html`<option selected=${one === meter.value}>${one}</option>`)}</select></label>
      <label class="field">Key <${KeySelect} value=${key.value} onChange=${(/** @type {any} */ next) => (key.value = next)} /></label>
      <label class="field">Tempo
        <input type="number" min="20" max="300" value=${tempo.value} onChange=${(/** @type {any} */ event) => number(tempo, event)} /></label>
    </div>
    <div class="row">
      <button type="button" onClick=${() => make(true)}>Write notes</button>
      <button type="button" onClick=${() => make(false)}>Start from nothing</button>
    </div>
    <p class="note">Write the melody yourself, or let Kantor compose all voices; then the bass begins and ends on the tonic.</p>
  </form>`;
}
