/** The colour and the letter by which a line is known in roll and lanes. */
import { html } from "../lib/html.js";
import { inkOn } from "../lib/colours.js";

/** @param {{line: {name: string, colour: string}}} props */
export function LineMark({ line }) {
  return html`<span class="line_mark" aria-hidden="true" style=${{ background: line.colour, color: inkOn(line.colour) }}>${line.name[0].toUpperCase()}</span>`;
}
