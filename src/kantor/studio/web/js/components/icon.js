/** Small pictures on buttons; the button's label says what they mean. */
import { html } from "../lib/html.js";

const PATHS = {
  undo: "M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3",
  redo: "m15 5 5 5-5 5m5-5H10a6 6 0 0 0 0 12h3",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4m0 3.5v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  add: "M12 5v14M5 12h14",
  close: "m6 6 12 12M18 6 6 18",
  rename: "m4 20 1-5L16 4l4 4L9 19z M14 6l4 4",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  bin: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  restore: "M4 4v6h6M4 10a8 8 0 1 1 1 6",
  download: "M12 4v11m-5-5 5 5 5-5M4 20h16",
  search: "m20 20-5-5M17 10.500a6.500 6.500 0 1 1-13 0 6.500 6.500 0 0 1 13 0",
};

/** @param {{name: keyof typeof PATHS}} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
