/** The form of a training: data, preset, the settings that matter with their bounds. */
import { html, useSignal } from "../lib/html.js";
import { form, otherSeed, starting, startTraining } from "../state/training.js";
import { What } from "./glossary.js";

/** @import {Form, Setting} from "../training_types.js" */

const TERMS = /** @type {Record<string, string>} */ ({
  "train.warmup": "likelihood phase",
  "train.critic_steps": "five to one",
  "train.gradient_penalty": "gradient penalty",
});

/** @param {{first: boolean}} props whether there is no model yet */
export function TrainingStart({ first }) {
  const known = /** @type {Form} */ (form.value);
  const preset = useSignal(known.preset);
  const changed = useSignal(/** @type {Record<string, number>} */ ({}));
  const sources = useSignal(known.sources.filter((one) => one.chosen).map((one) => one.path));
  const values = known.presets.find((one) => one.name === preset.value)?.values ?? {};
  const groups = [...new Set(known.settings.map((one) => one.group))];

  /** @param {Record<string, number>} [more] */
  const begin = (more) => {
    const before = known.sources.filter((one) => one.chosen).map((one) => one.path);
    const same = before.join() === sources.value.join();
    return startTraining({
      preset: preset.value,
      settings: { ...changed.value, ...more },
      sources: same ? undefined : sources.value,
    });
  };
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    void begin();
  };
  return html`<section class="card" aria-labelledby="training-start">
    <h2 id="training-start">${first ? "Train the first model" : "Start a training"}</h2>
    <p>${first
      ? "There is no model yet. With these settings it takes about four minutes on two cores. Kantor reads and checks 371 of Bach's chorales, then the model learns. You can watch and listen."
      : "The settings are those of params.yaml. Your changes are written there. Comments stay."}</p>
    <form onSubmit=${submit}>
      <fieldset class="row">
        <legend>Learn from</legend>
        ${known.sources.map((one) => html`<label key=${one.path} class="row">
          <input type="checkbox" checked=${sources.value.includes(one.path)}
            onChange=${(/** @type {any} */ event) => (sources.value = event.target.checked ? [...sources.value, one.path] : sources.value.filter((path) => path !== one.path))} />
          ${one.label} <small>${one.files ? `${one.files} files` : one.kind === "jsb" ? "fetched when needed" : "none there yet"}</small>
        </label>`)}
      </fieldset>
      <fieldset class="row">
        <legend>Preset</legend>
        ${known.presets.map((one) => html`<label key=${one.name} class="row preset">
          <input type="radio" name="preset" value=${one.name} checked=${preset.value === one.name}
            onChange=${() => { preset.value = one.name; changed.value = {}; }} />
          <span>${one.label} <small>${one.what}</small></span>
        </label>`)}
      </fieldset>
      ${groups.map((group, at) => html`<details key=${group} open=${at === 0 && !first}>
        <summary>${group}</summary>
        <div class="settings">
          ${known.settings.filter((one) => one.group === group).map((one) => html`<${Field} key=${one.key} one=${one} own=${values[one.key]} changed=${changed} />`)}
        </div>
      </details>`)}
      <div class="row">
        <button class="primary" disabled=${sources.value.length === 0 || starting.value}>${starting.value ? "Starting…" : first ? "Train the first model" : "Start the training"}</button>
        ${Object.keys(changed.value).length > 0 && html`<button type="button" onClick=${() => (changed.value = {})}>Settings as they were</button>`}
        ${otherSeed.value !== null && html`<span class="row" role="status">Nothing has changed since the last training.
          <button type="button" onClick=${() => void begin({ "train.seed": /** @type {number} */ (otherSeed.value) })}>Train with seed ${otherSeed.value}</button></span>`}
      </div>
    </form>
  </section>`;
}

/** @param {{one: Setting, own: number, changed: import("@preact/signals").Signal<Record<string, number>>}} props */
function Field({ one, own, changed }) {
  const id = `setting-${one.key.replaceAll(".", "-")}`;
  /** @param {any} event */
  const input = (event) => {
    const { [one.key]: _, ...others } = changed.value;
    const value = event.target.valueAsNumber;
    changed.value = Number.isNaN(value) || value === own ? others : { ...others, [one.key]: value };
  };
  return html`<div class="setting">
    <div class="row"><label for=${id}>${one.label}</label>${TERMS[one.key] && html`<${What} term=${TERMS[one.key]} />`}</div>
    <input id=${id} type="number" min=${one.low} max=${one.high} step="any" required
      value=${changed.value[one.key] ?? own} aria-describedby=${`${id}-what`} onInput=${input} />
    <small id=${`${id}-what`}>${one.what} ${one.low} to ${one.high}.</small>
  </div>`;
}
