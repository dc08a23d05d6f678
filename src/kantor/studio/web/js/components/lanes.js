/** The lanes: one a voice of the piece. */
import { html } from "../lib/html.js";
import { piece } from "../state/piece.js";
import { Lane } from "./lane.js";

export function Lanes() {
  const open = piece.value;
  if (!open) return null;
  return html`<ul class="lanes" aria-label="Voices">
    ${open.lines.map((line, index) => html`<${Lane} key=${line.name} open=${open} line=${line} index=${index} />`)}
  </ul>`;
}
