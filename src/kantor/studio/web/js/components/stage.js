/** The piece as roll or as score, beside its lanes. */
import { html } from "../lib/html.js";
import { stageView } from "../state/stage.js";
import { Lanes } from "./lanes.js";
import { Roll } from "./roll.js";
import { Score } from "./score.js";

/** @type {["roll" | "score", string][]} */
const VIEWS = [["roll", "Roll"], ["score", "Score"]];

export function Stage() {
  const view = stageView.value;
  return html`<section class="stage" aria-label="The piece">
    <div class="stage_tabs" role="tablist" aria-label="View of the piece" onKeyDown=${turn}>
      ${VIEWS.map(([id, name]) => html`<button role="tab" id=${`tab_${id}`} aria-selected=${view === id} aria-controls="stage_panel"
        tabindex=${view === id ? 0 : -1} onClick=${() => (stageView.value = id)}>${name}</button>`)}
    </div>
    <div class="stage_panel" id="stage_panel" role="tabpanel" aria-labelledby=${`tab_${view}`}>
      <${Lanes} />
      ${view === "roll" ? html`<${Roll} />` : html`<${Score} />`}
    </div>
  </section>`;
}

/** @param {KeyboardEvent & {currentTarget: HTMLElement}} event */
function turn(event) {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  event.preventDefault();
  stageView.value = stageView.value === "roll" ? "score" : "roll";
  document.getElementById(`tab_${stageView.value}`)?.focus();
}
