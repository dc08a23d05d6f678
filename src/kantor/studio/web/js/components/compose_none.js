/** No model yet: what that means, and the way to one. */
import { html } from "../lib/html.js";
import { go } from "../state/ui.js";

export function NoModel() {
  /** @param {MouseEvent} event */
  const follow = (event) => {
    event.preventDefault();
    go("/training");
  };
  return html`<p>Kantor must learn from scores before it can compose: <a href="/training" onClick=${follow}>train a model</a>.
    It appears here by itself.</p>`;
}
