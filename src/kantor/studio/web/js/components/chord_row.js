/** Chord names in a row, such as below the roll; each stands where its chord begins. */
import { html, useEffect } from "../lib/html.js";
import { chords, followChords } from "../state/chords.js";
import { drawn, zoom } from "../state/stage.js";

/** @param {{from: number, to: number, x: (step: number) => number}} props the steps in sight, and their places in pixels */
export function ChordRow({ from, to, x }) {
  useEffect(followChords, []);
  const known = chords.value;
  return html`<div class="chord_row" role="img" aria-label=${`Chords: ${known.map((one) => one.text).join(" ")}`}>
    ${known.map(({ step, text }, place) => {
      const room = x(known[place + 1]?.step ?? Infinity) - x(step);
      if (step < from - 32 || step > to || room < 14) return null;
      return html`<span key=${step} style=${{ left: `${x(step)}px`, maxWidth: `${room}px` }}>${text}</span>`;
    })}
  </div>`;
}

/** The row below the roll. */
export function RollChords() {
  const near = zoom.value;
  return html`<div class="roll_corner chord_corner"></div>
    <${ChordRow} from=${drawn.value[0]} to=${drawn.value[1]} x=${(/** @type {number} */ step) => step * near} />`;
}
