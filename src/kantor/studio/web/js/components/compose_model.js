/** The model that composes, and the list to choose another one from. */
import { html, useSignal } from "../lib/html.js";
import { chosenModel, championFor, chooseModel, isModel, modelName, models, sampled } from "../state/models.js";
import { piece } from "../state/piece.js";
import { stop } from "../state/transport.js";
import { dateOf, ModelCard } from "./compose_model_card.js";
import { Dialog } from "./dialog.js";

export function ComposeModel() {
  const listed = useSignal(false);
  const known = models.value;
  const model = chosenModel.value;
  const reference = piece.value?.model ?? null;
  if (!known) return html`<p class="note">Looking for models…</p>`;
  const close = () => {
    listed.value = false;
    if (sampled.peek()) stop();
  };
  /** @param {typeof model} one */
  const choose = (one) => {
    chooseModel(one);
    close();
  };
  const champion = championFor(known, piece.value);
  return html`<button class="compose_model" aria-haspopup="dialog" onClick=${() => (listed.value = true)}>
      <span class="compose_model_name">${model ? modelName(model) : reference ? `${reference.name} ${reference.version}` : "Choose a model"}</span>
      <span class="note">${model ? `${reference ? "" : "champion, "}${dateOf(model.created)}` : "not available"}</span>
      <span class="compose_change" aria-hidden="true">change</span></button>
    ${listed.value && html`<${Dialog} title="Models" class="compose_models" onClose=${close}>
      <p class="note">A model is one training of the network. The champion is the one that won its comparison with the others.</p>
      <button class="compose_follow" aria-pressed=${reference === null} onClick=${() => choose(null)}>
        <strong>Always the champion</strong>
        <span class="note">${champion ? `now ${modelName(champion)}; a new one takes over by itself` : "there is none for these voices"}</span></button>
      <ul>${known.map((one) => html`<${ModelCard} key=${`${one.name}/${one.version}`} model=${one}
        chosen=${isModel(one, reference)} choose=${() => choose(one)} />`)}</ul>
    <//>`}`;
}
