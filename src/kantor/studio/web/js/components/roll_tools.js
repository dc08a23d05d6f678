/** Over the roll: the length of notes, the grid, how near. */
import { html } from "../lib/html.js";
import { lengthName } from "../lib/bars.js";
import { soundingAt } from "../lib/line_edits.js";
import { activeLine, cursor, describe, grid, noteLength, removeNote } from "../state/editing.js";
import { shownNotes } from "../state/hearing.js";
import { piece } from "../state/piece.js";
import { zoomBy } from "../state/stage.js";

/** @type {[number, string][]} */
const GRIDS = [[1, "1/16"], [2, "1/8"], [4, "1/4"], [8, "1/2"], [16, "1/1"]];
const LENGTHS = [1, 2, 3, 4, 6, 8, 12, 16];

/** @typedef {{currentTarget: HTMLSelectElement}} Chosen */

export function RollTools() {
  const open = piece.value;
  if (!open) return null;
  const lengths = LENGTHS.includes(noteLength.value) ? LENGTHS : [...LENGTHS, noteLength.value];
  return html`<div class="roll_tools row">
    <label>Note <select aria-label="Length of new notes" onChange=${(/** @type {Chosen} */ event) => (noteLength.value = Number(event.currentTarget.value))}>
      ${lengths.map((steps) => html`<option value=${steps} selected=${steps === noteLength.value}>${lengthName(steps)}</option>`)}</select></label>
    <label>Grid <select aria-label="Grid" onChange=${(/** @type {Chosen} */ event) => (grid.value = Number(event.currentTarget.value))}>
      ${GRIDS.map(([steps, name]) => html`<option value=${steps} selected=${steps === grid.value}>${name}</option>`)}</select></label>
    <${Remove} />
    <span class="roll_zoom"><button class="icon" aria-label="Farther" title="Farther (-)" onClick=${() => zoomBy(0.8)}>−</button>
      <button class="icon" aria-label="Nearer" title="Nearer (+)" onClick=${() => zoomBy(1.25)}>+</button></span>
  </div>`;
}

/** For those without a keyboard. */
function Remove() {
  const notes = shownNotes.value[activeLine.value] ?? [];
  const index = soundingAt(notes, cursor.value.step);
  const note = notes[index];
  const there = note !== undefined && note[2] === cursor.value.pitch;
  return html`<button disabled=${!there} title=${there ? `Remove ${describe(activeLine.value, note)}` : "Choose a note first"}
    onClick=${() => removeNote(activeLine.value, index)}>Remove note</button>`;
}
