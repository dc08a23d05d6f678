/** Versions and trainings: start, watch, hear, compare, promote. */
import { html, useEffect } from "../lib/html.js";
import { busy, current, form, loadTrainings, refusal } from "../state/training.js";
import { models } from "../state/models.js";
import { TrainingCurves } from "./training_curves.js";
import { TrainingFrames } from "./training_frames.js";
import { TrainingProgress } from "./training_progress.js";
import { TrainingRuns } from "./training_runs.js";
import { TrainingStart } from "./training_start.js";
import { TrainingVersions } from "./training_versions.js";

export function Training() {
  useEffect(() => void loadTrainings(), []);
  const seen = current.value;
  if (refusal.value) {
    return html`<main class="training"><h1>Training</h1>
      <p class="fault" role="alert">${refusal.value}</p>
      <p><button onClick=${() => void loadTrainings()}>Look again</button></p>
      <${TrainingVersions} /></main>`;
  }
  if (!form.value || !seen) return html`<main class="training"><p class="loading">Looking at the trainings…</p></main>`;
  const some = seen.rows > 0;
  return html`<main class="training">
    <h1 class="hidden">Training</h1>
    ${seen.status !== "none" && html`<${TrainingProgress} />`}
    ${!busy.value && html`<${TrainingStart} first=${models.value?.length === 0} />`}
    ${seen.frames.length > 0 && html`<${TrainingFrames} />`}
    ${some && html`<${TrainingCurves} />`}
    <${TrainingVersions} />
    <${TrainingRuns} />
  </main>`;
}
