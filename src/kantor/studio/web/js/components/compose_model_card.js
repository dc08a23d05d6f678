/** A version of a model: style, date, figures in plain words, a sample to hear, a button to choose it. */
import { FIGURES } from "../lib/figures.js";
import { html } from "../lib/html.js";
import { hearModel, modelName, sampled } from "../state/models.js";

/** @import {Model} from "../types.js" */

const HEADLINE = 3; // figures that are shown at once

/** @param {string} created */
export const dateOf = (created) =>
  new Date(created).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** @param {{model: Model, chosen: boolean, choose: () => void}} card */
export function ModelCard({ model, chosen, choose }) {
  const name = modelName(model);
  const figures = new Map(model.figures.map((one) => [one.name, one.value]));
  const known = Object.entries(FIGURES).filter(([key]) => figures.has(key));
  const heard = sampled.value === name;
  return html`<li class=${`card compose_card ${chosen ? "chosen" : ""}`}>
    <div class="row"><h3>${name}</h3>
      ${model.aliases.map((alias) => html`<span key=${alias} class="compose_alias">${alias}</span>`)}</div>
    <p class="note">${model.title}${model.about && `: ${model.about}`}</p>
    <p class="note">${model.voices.join(", ")}${model.meters.length > 0 && ` · ${model.meters.join(", ")}`} · made ${dateOf(model.created)}</p>
    ${model.licence && html`<p class="note">Learned from: ${model.licence}</p>`}
    ${model.reason && html`<p class="fault">Cannot be used: ${model.reason}.</p>`}
    ${known.length > 0 && html`<p class="compose_headline">${known.slice(0, HEADLINE).map(([key, [words, how]]) => html`<span key=${key}>
      ${words} <strong>${how(figures.get(key) ?? 0)}</strong></span>`)}</p>
    <details><summary>What these say, and more</summary>
      <dl>${known.map(([key, [words, how, meaning]]) => html`<div key=${key}>
        <dt>${words}</dt><dd>${how(figures.get(key) ?? 0)}</dd><dd class="note">${meaning}</dd></div>`)}</dl></details>`}
    ${!model.reason && html`<div class="row">
      <button onClick=${() => void hearModel(model)} aria-pressed=${heard}
        title="Ode to Joy, harmonised by this model">${heard ? "Stop" : "Hear it"}</button>
      <button onClick=${choose} aria-pressed=${chosen}>${chosen ? "In use" : "Use it"}</button></div>`}
  </li>`;
}
