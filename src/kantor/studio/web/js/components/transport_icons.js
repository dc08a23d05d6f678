/** The signs on the transport's buttons; each button has a label beside. */
import { html } from "../lib/html.js";

const SHAPES = {
  record: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
  play: "M7 4v16l13-8z",
  stop: "M6 6h12v12H6z",
  start: "M5 5h3v14H5zM20 5v14L9 12z",
  loop: "M7 7h10v3l4-4-4-4v3H5v6h2zm10 10H7v-3l-4 4 4 4v-3h12v-6h-2z",
  metronome: "M9 2h6l4 20H5L9 2zm1.6 2L8.2 16h4.2l5-8 1.2.8-4.5 7.2h1.7L13.4 4h-2.8z",
  count: "M4 5h3v14H5V8H4zm6 0h5v7h-3v4h3v3h-5v-9h3V8h-3zm8 0h5v14h-5v-3h3v-3h-3v-3h3V8h-3z",
  settings: "M4 6h9v2H4zm13 0h3v2h-3zm-3-2h2v6h-2zM4 16h3v2H4zm7 0h9v2h-9zm-3-2h2v6H8z",
};

/** @param {{name: keyof typeof SHAPES}} props */
export function Icon({ name }) {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${SHAPES[name]} /></svg>`;
}
