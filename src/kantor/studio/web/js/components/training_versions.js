/** The registered versions: figures, comparison with the champion, promotion, the way back. */
import { FIGURES } from "../lib/figures.js";
import { html, useEffect, useSignal } from "../lib/html.js";
import { loadModels, models } from "../state/models.js";
import { compare, rollBack } from "../state/training.js";
import { fault, say } from "../state/ui.js";
import { Comparison } from "./training_comparison.js";
import { MoveForm } from "./training_move.js";

/** @import {Model} from "../types.js" */
/** @import {Comparison as Compared} from "../training_types.js" */

export function TrainingVersions() {
  const compared = useSignal(/** @type {Compared | null} */ (null));
  const waiting = useSignal(0);
  const back = useSignal(false);
  useEffect(() => void loadModels(), []);
  const all = models.value ?? [];
  const champion = all.find((one) => one.aliases.includes("champion"));
  /** @param {Model} one */
  const ask = async (one) => {
    waiting.value = one.version;
    try {
      compared.value = await compare(one.version);
      say(compared.value.title);
    } catch (error) {
      fault(error);
    }
    waiting.value = 0;
  };
  if (!all.length) return null;
  return html`<section class="card" aria-labelledby="training-versions">
    <div class="row spread"><h2 id="training-versions">Versions</h2>
      ${all.some((one) => one.name === champion?.name && one.aliases.includes("previous")) && html`<button aria-expanded=${back.value} onClick=${() => (back.value = !back.value)}>Roll back…</button>`}
    </div>
    ${back.value && html`<${MoveForm} label="Go back to the champion before" run=${rollBack} done=${() => (back.value = false)} />`}
    <div class="scroll" tabindex="0" role="region" aria-label="Table of versions"><table>
      <thead><tr><th scope="col">Version</th><th scope="col">Made</th><th scope="col">Figures</th><th scope="col"><span class="hidden">Compare</span></th></tr></thead>
      <tbody>${all.map((one) => html`<tr key=${`${one.name} ${one.version}`}>
        <th scope="row">${one.name} ${one.version} ${one.aliases.map((alias) => html`<span key=${alias} class=${`badge ${alias === "champion" ? "good" : "none"}`}>${alias}</span>`)}</th>
        <td>${new Date(one.created).toLocaleString()}</td>
        <td><${Figures} figures=${one.figures} /></td>
        <td>${champion && one !== champion && one.name === champion.name &&
          html`<button disabled=${waiting.value > 0} onClick=${() => void ask(one)}>${waiting.value === one.version ? "Comparing…" : "Compare with the champion"}</button>`}</td>
      </tr>`)}</tbody>
    </table></div>
    ${waiting.value > 0 && html`<p class="note" role="status">Both are measured on the same held-out pieces. It takes some seconds, or a minute if both must compose again.</p>`}
    ${compared.value && html`<${Comparison} found=${compared.value} done=${() => (compared.value = null)} />`}
  </section>`;
}

/** Those that have words, each with what it says. @param {{figures: Model["figures"]}} props */
function Figures({ figures }) {
  const known = Object.entries(FIGURES).flatMap(([name, [words, how, meaning]]) => {
    const found = figures.find((one) => one.name === name);
    return found ? [html`<li key=${name} title=${meaning}>${words} <strong>${how(found.value)}</strong></li>`] : [];
  });
  return known.length ? html`<ul class="version_figures">${known}</ul>` : "–";
}
