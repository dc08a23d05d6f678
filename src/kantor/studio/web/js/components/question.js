/** A question before something that cannot be taken back. */
import { html } from "../lib/html.js";
import { question } from "../state/ui.js";
import { Dialog } from "./dialog.js";

export function Question() {
  const asked = question.value;
  if (!asked) return null;
  const close = () => (question.value = null);
  const yes = () => {
    close();
    asked.run();
  };
  return html`<${Dialog} title=${asked.title} onClose=${close} class="question">
    <p>${asked.text}</p>
    <div class="row end">
      <button autofocus onClick=${close}>Cancel</button>
      <button class="danger" onClick=${yes}>${asked.yes}</button>
    </div>
  <//>`;
}
