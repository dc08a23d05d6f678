/** How the score is laid out, what dragging selects, and printing it. */
import { html } from "../lib/html.js";
import { layout, oneVoice } from "../state/engraved.js";
import { selection } from "../state/piece.js";
import { printScore } from "./print.js";

export function ScoreTools() {
  return html`<div class="score_tools row">
    <label>Staves <select value=${layout.value} onChange=${lay}>
      <option value="open">one for each voice</option>
      <option value="closed">two voices on each</option>
    </select></label>
    <label class="check"><input type="checkbox" checked=${oneVoice.value} onChange=${single} /> Select one voice</label>
    <button class="score_print" onClick=${() => void printScore()}>Print…</button>
    ${selection.value ? null : html`<span class="note">Click to move the playhead, drag over bars to select them (with Alt in one voice).</span>`}
  </div>`;
}

/** @param {Event & {currentTarget: HTMLSelectElement}} event */
function lay(event) {
  layout.value = event.currentTarget.value === "closed" ? "closed" : "open";
}

/** @param {Event & {currentTarget: HTMLInputElement}} event */
function single(event) {
  oneVoice.value = event.currentTarget.checked;
}
