/** Which model, which knobs, and the button that composes. */
import { html } from "../lib/html.js";
import { counted } from "../lib/music.js";
import { composing, compose, continueBy, count, plan } from "../state/composing.js";
import { models, modelsFault } from "../state/models.js";
import { piece, selection } from "../state/piece.js";
import { ComposeDrums } from "./compose_drums.js";
import { ComposeKnobs } from "./compose_knobs.js";
import { ComposeModel } from "./compose_model.js";
import { ComposeProgress } from "./compose_progress.js";
import { NoModel } from "./compose_none.js";

export function ComposePanel() {
  const known = models.value;
  return html`<section class="card compose_panel" aria-labelledby="compose_title">
    <h2 id="compose_title">Compose</h2>
    ${known?.length === 0 ? html`<${NoModel} />` : html`
      <${ComposeModel} />
      <${ComposeDrums} />
      ${modelsFault.value && html`<p class="fault">${modelsFault.value}</p>`}
      <${ComposeButton} />
      <${ComposeProgress} />
      <${ContinueButtons} />
      <${ComposeKnobs} />`}
  </section>`;
}

function ComposeButton() {
  const planned = plan.value;
  const chosen = selection.value;
  if (!planned) return null;
  const many = counted(count.value, "take");
  const help = planned.free
    ? chosen
      ? `${many} for the selection; all around it stays.`
      : "What is given or locked stays as it is."
    : "Everything there is given or locked.";
  return html`<button class="primary compose_go" onClick=${() => void compose()}
      disabled=${composing.value !== null || planned.free === 0}
      aria-describedby="compose_help" aria-keyshortcuts="g">
      ${planned.label} <kbd aria-hidden="true">G</kbd></button>
    <p class="note" id="compose_help">${help}
      ${chosen && html` <button class="quiet small" onClick=${() => (selection.value = null)}>Select nothing</button>`}</p>`;
}

function ContinueButtons() {
  const open = piece.value;
  if (!open) return null;
  const busy = composing.value !== null;
  const what = "Adds empty bars at the end and composes them, the melody too";
  return html`<div class="row compose_continue" role="group" aria-label="Continue the piece">
    <span class="note">Continue by</span>
    ${/** @type {const} */ ([4, 8]).map((bars) => html`<button key=${bars} disabled=${busy} title=${what}
      onClick=${() => void continueBy(bars)}>${bars} bars</button>`)}
  </div>`;
}
