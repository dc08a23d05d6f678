/** Challenger beside champion, measure by measure, as a picture; and the promotion. */
import { html } from "../lib/html.js";
import { promote } from "../state/training.js";
import { MoveForm } from "./training_move.js";
import { number } from "./training_progress.js";

/** @import {ComparedRow, Comparison as Compared} from "../training_types.js" */

/** @param {{found: Compared, done: () => void}} props */
export function Comparison({ found, done }) {
  return html`<div class="comparison">
    <h3>${found.title}</h3>
    <ul>${found.reasons.map((reason) => html`<li key=${reason}>${reason}</li>`)}</ul>
    <p class="note">${found.measured}</p>
    <p class="key"><span class="of-bach">◆ Bach</span><span class="of-champion">● champion, version ${found.champion}</span><span class="of-challenger">■ version ${found.challenger}</span></p>
    <ul class="measures">${found.rows.map((row) => html`<${Measure} key=${row.name} row=${row} found=${found} />`)}</ul>
    <h3>Make version ${found.challenger} the champion</h3>
    <${MoveForm} label=${`Promote version ${found.challenger}`} known=${found.reasons} run=${(/** @type {string} */ why, /** @type {boolean} */ force) => promote(found.challenger, why, force)} done=${done} />
  </div>`;
}

/** @param {{row: ComparedRow, found: Compared}} props one line of dots on a scale of its own */
function Measure({ row, found }) {
  const values = [row.bach, row.champion, row.challenger].filter((value) => value !== null);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const spread = high - low || 1;
  /** @param {number | null} value */
  const x = (value) => (value === null ? -20 : 12 + ((value - low) / spread) * 216);
  return html`<li>
    <span class="measure-name">${row.label}</span>
    <svg viewBox="0 0 240 24" aria-hidden="true">
      <line x1="12" x2="228" y1="12" y2="12" class="scale" />
      <path d=${`M ${x(row.bach)} 3 l 8 9 l -8 9 l -8 -9 z`} class="of-bach" />
      <circle cx=${x(row.champion)} cy="12" r="6" class="of-champion" />
      <rect x=${x(row.challenger) - 5} y="7" width="10" height="10" class="of-challenger" />
    </svg>
    <small>${nearer(row, found)} Bach ${number(row.bach)}, champion ${number(row.champion)}, version ${found.challenger} ${number(row.challenger)}${row.role === "guarded" && !row.passes ? "; more than the gate tolerates" : ""}</small>
  </li>`;
}

/**
 * @param {ComparedRow} row
 * @param {Compared} found
 */
function nearer(row, found) {
  if (row.gain === null || row.gain === 0) return "Alike.";
  return row.gain > 0 ? `Version ${found.challenger} is better.` : "The champion is better.";
}
