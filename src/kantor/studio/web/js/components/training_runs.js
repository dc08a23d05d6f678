/** The trainings that were started here, the newest first. */
import { html } from "../lib/html.js";
import { runs } from "../state/training.js";

export function TrainingRuns() {
  if (!runs.value.length) return null;
  return html`<section class="card" aria-labelledby="training-runs">
    <h2 id="training-runs">Trainings</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Trainings"><table>
      <thead><tr><th scope="col">Began</th><th scope="col">Preset</th><th scope="col">Changed settings</th><th scope="col">How it ended</th><th scope="col">Film</th></tr></thead>
      <tbody>${runs.value.map((run) => html`<tr key=${run.id}>
        <td>${new Date(run.began).toLocaleString()}</td>
        <td>${run.preset}</td>
        <td>${run.changed.join(", ") || "nothing"}</td>
        <td>${run.message.startsWith(run.status) ? run.message : `${run.status}${run.message && ": "}${run.message}`}</td>
        <td>${run.film ? html`<a href=${`/api/trainings/${run.id}/film`}>WebM</a>` : "–"}</td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}
