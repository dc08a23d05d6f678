/** The present training: where it is, how it is, when it may stop, and the button that stops it. */
import { html } from "../lib/html.js";
import { busy, current, starting, startTraining, stopTraining } from "../state/training.js";
import { What } from "./glossary.js";
import { TrainingCriteria } from "./training_criteria.js";

/** @import {Current, Finding} from "../training_types.js" */

const HEADS = {
  none: "",
  running: "Training",
  stopping: "Stopping",
  done: "The last training is done",
  stopped: "The training has stopped",
  failed: "The training failed",
  elsewhere: "A training that was started elsewhere is running",
};
const STAGES = /** @type {Record<string, string>} */ ({
  data: "Fetch the scores",
  ingest: "Read the scores",
  validate: "Check the data",
  train: "Train",
  evaluate: "Measure",
  register: "Register",
});
const STATES = /** @type {Record<string, string>} */ ({
  waiting: "waiting",
  running: "at work",
  done: "done",
  unchanged: "unchanged, not run",
  stopped: "stopped",
  failed: "failed",
});
const ENDS = /** @type {Record<string, string>} */ ({
  budget: "all iterations were done",
  time: "the time was used up",
  critic: "the critic no longer improved",
  converged: "the measures became Bach's",
});

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}

export function TrainingProgress() {
  const seen = /** @type {Current} */ (current.value);
  const active = busy.value;
  return html`<section class="card training-now" aria-labelledby="training-now">
    <div class="row spread">
      <h2 id="training-now">${HEADS[seen.status]}</h2>
      ${(seen.status === "running" || seen.status === "stopping") &&
      html`<button class="stop-training" disabled=${seen.status === "stopping"} onClick=${() => void stopTraining()}>Stop and keep</button>`}
      ${(seen.status === "stopped" || seen.status === "failed") &&
      html`<button class="primary" disabled=${starting.value} onClick=${() => void startTraining()}>${starting.value ? "Starting…" : "Go on"}</button>`}
    </div>
    <${Line} seen=${seen} />
    ${active && html`<progress max="1" value=${share(seen)} aria-label="How far the training is"></progress>`}
    ${seen.status !== "elsewhere" &&
    html`<ol class="stages">
      ${seen.stages.map((one) => html`<li key=${one.name} class=${one.state}><span>${STAGES[one.name]}</span> <small>${STATES[one.state] ?? one.state}</small></li>`)}
    </ol>`}
    ${seen.rows > 0 && html`<${Figures} seen=${seen} />`}
    ${seen.health.map((one) => html`<${Health} key=${`${one.kind} ${one.iteration}`} finding=${one} />`)}
    ${seen.rows > 0 && seen.health.length === 0 && html`<p class="note good">Health: nothing is wrong.</p>`}
    ${seen.stop.length > 0 && html`<${TrainingCriteria} stop=${seen.stop} />`}
    ${seen.lines.length > 0 &&
    html`<details><summary>Last lines of its log</summary><pre tabindex="0" aria-label="Last lines of the log">${seen.lines.join("\n")}</pre></details>`}
  </section>`;
}

/** @param {Current} seen */
function share(seen) {
  if (seen.rows) return Math.min(1, seen.iteration / seen.of);
  return undefined;
}

/** @param {{seen: Current}} props what it does, in a sentence */
function Line({ seen }) {
  const parts = [];
  if (seen.status === "elsewhere") parts.push(`It is run by ${seen.holder}. You can watch it here, and stop it where it was started.`);
  if (seen.status === "stopping") parts.push("It ends the iterations that it is at, and keeps them. That may take a minute, if a network is just being prepared.");
  if (seen.message && ["failed", "stopped", "running", "done"].includes(seen.status)) parts.push(sentence(seen.message));
  if (seen.status === "stopped" && seen.iteration) parts.push(`“Go on” continues from iteration ${seen.iteration} as long as the settings stay.`);
  if (seen.status === "running" && seen.stage === "train" && seen.rows === 0) parts.push("The networks are being prepared, which takes about half a minute.");
  if (seen.resumed && busy.value) parts.push(`It went on from iteration ${seen.resumed}.`);
  if (seen.left !== null && seen.stage === "train") parts.push(`About ${duration(seen.left)} left to train, then half a minute to measure and register.`);
  if (seen.status === "done") parts.push(seen.stopped_by ? `It ended because ${ENDS[seen.stopped_by] ?? seen.stopped_by}. The new version is registered as challenger.` : "The new version is registered.");
  return html`<p>${parts.join(" ")}</p>`;
}

/** @param {string} text */
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

/** @param {{seen: Current}} props */
function Figures({ seen }) {
  const phase = seen.phase === "likelihood" ? "likelihood (warm-up)" : "against the critic";
  const { likelihood, wasserstein } = seen.figures;
  return html`<dl class="facts">
    <div><dt>Iteration</dt><dd>${seen.iteration.toLocaleString("en")} of ${seen.of.toLocaleString("en")}</dd></div>
    <div><dt>Phase <${What} term="likelihood phase" /></dt><dd>${phase}</dd></div>
    <div><dt>Time</dt><dd>${duration(seen.seconds)}</dd></div>
    <div><dt>Likelihood loss</dt><dd>${number(likelihood)}</dd></div>
    <div><dt>Critic's distance <${What} term="wasserstein distance" /></dt><dd>${number(wasserstein)}</dd></div>
  </dl>`;
}

/** @param {number | null | undefined} value */
export const number = (value) => (value === null || value === undefined ? "–" : Number(value.toPrecision(3)).toString());

/** @param {{finding: Finding}} props */
function Health({ finding }) {
  return html`<div class=${`health ${finding.fatal ? "fatal" : "warning"}`} role="status">
    <p><strong>${finding.fatal ? "It had to stop" : "Watch this"}, iteration ${finding.iteration}:</strong> ${sentence(finding.message)}</p>
    <p>${finding.advice}${finding.kind === "collapse" && html` <${What} term="mode collapse" />`}</p>
  </div>`;
}
