/** A move of the champion: the reason, what the gate has against it, and the tick to overrule it. */
import { Problem } from "../lib/api.js";
import { html, useSignal } from "../lib/html.js";
import { loadModels } from "../state/models.js";
import { fault, say } from "../state/ui.js";

/** @import {Move} from "../training_types.js" */

/**
 * @param {object} props
 * @param {string} props.label
 * @param {(why: string, force: boolean) => Promise<Move>} props.run
 * @param {() => void} props.done
 * @param {string[]} [props.known] reasons that stand above already
 */
export function MoveForm({ label, run, done, known = [] }) {
  const why = useSignal("");
  const force = useSignal(false);
  const waiting = useSignal(false);
  const refused = useSignal(/** @type {{detail: string, reasons: string[]} | null} */ (null));
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    waiting.value = true;
    try {
      const move = await run(why.value, force.value);
      say(`${move.line}.`);
      await loadModels();
      done();
    } catch (error) {
      if (error instanceof Problem) refused.value = refusalOf(error, known);
      else fault(error);
    }
    waiting.value = false;
  };
  return html`<form class="move" onSubmit=${submit}>
    <label class="field">Reason (kept in the history)
      <input required maxlength="1000" value=${why.value} onInput=${(/** @type {any} */ event) => (why.value = event.target.value)} /></label>
    <button class="primary" disabled=${waiting.value}>${waiting.value ? "Asking the gate…" : label}</button>
    ${refused.value &&
    html`<div class="fault" role="alert"><p>${refused.value.detail}</p>
      <ul>${refused.value.reasons.map((reason) => html`<li key=${reason}>${reason}</li>`)}</ul></div>
      <label class="row"><input type="checkbox" checked=${force.value} onChange=${(/** @type {any} */ event) => (force.value = event.target.checked)} />
        Do it anyway. The reasons against it are recorded</label>`}
  </form>`;
}

/**
 * What to show of a refusal: a reason that stands on the page already is not said again.
 * @param {Problem} error
 * @param {string[]} known
 */
function refusalOf(error, known) {
  /** @type {string[]} */
  const all = error.more.reasons ?? [];
  const reasons = all.filter((reason) => !known.includes(reason));
  const above = reasons.length < all.length ? " for the reasons above" : "";
  return { detail: `${error.message}${above}${reasons.length ? `${above && ", and"}:` : "."}`.replace(/\.\.$/, "."), reasons };
}
