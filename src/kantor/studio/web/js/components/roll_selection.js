/** What can be done with what is selected; how to select, while nothing is. */
import { html } from "../lib/html.js";
import { compose, composing, plan } from "../state/composing.js";
import { piece, selection } from "../state/piece.js";
import { editRegion } from "../state/regions.js";
import { regionName } from "../lib/music.js";
import { loop } from "../state/transport.js";

/** @type {[import("../state/regions.js").RegionEdit, string, string][]} */
const EDITS = [
  ["lock", "Lock", "Composing leaves it as it is"],
  ["unlock", "Unlock", "Composing may change it again"],
  ["release", "Release", "Let the model compose what you wrote here"],
  ["keep", "Keep as given", "The model keeps these notes and rests"],
  ["clear", "Clear", "Remove the notes (Delete)"],
];

export function RollSelection() {
  const open = piece.value;
  const region = selection.value;
  if (!open) return null;
  if (!region) {
    return html`<div class="roll_selection row"><span class="note by_mouse">Drag over the bar numbers to select bars, or over the roll for the chosen voice alone. Click to write a note.</span>
      <span class="note by_touch">Tap to write a note. Press long, then drag, to move one or to select. Drag over the bar numbers to select bars.</span></div>`;
  }
  const { start, end } = region;
  const looped = loop.value?.[0] === start && loop.value[1] === end;
  return html`<div class="roll_selection row" role="toolbar" aria-label="Selection">
    <strong>${regionName(open, region)}</strong>
    <button class="primary" disabled=${!plan.value?.free || composing.value !== null} onClick=${() => void compose()}
      title=${plan.value?.free ? "Compose this again, and nothing else (G)" : "Everything here is given or locked"}>Compose again</button>
    ${EDITS.map(([kind, name, title]) => html`<button title=${title} onClick=${() => editRegion(kind)}>${name}</button>`)}
    <button aria-pressed=${looped} title="Repeat it while playing" onClick=${() => (loop.value = looped ? null : [start, end])}>Loop</button>
    <button class="quiet icon" aria-label="Select nothing" title="Select nothing (Escape)" onClick=${() => (selection.value = null)}>✕</button>
  </div>`;
}
