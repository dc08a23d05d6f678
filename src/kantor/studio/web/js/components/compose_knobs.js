/** The knobs of composing: each with a sentence that says what it does. */
import { html } from "../lib/html.js";
import { count } from "../state/composing.js";
import { chosenModel } from "../state/models.js";
import { change, piece } from "../state/piece.js";
import { ComposeKnob } from "./compose_knob.js";

const OWN = 1; // what the models' own temperature is

/** @param {number} temperature */
function risk(temperature) {
  if (temperature <= 0.65) return "very careful";
  if (temperature <= 0.9) return "careful";
  if (temperature < 1.1) return "as it learned";
  return temperature < 1.35 ? "bold" : "very bold";
}

/** @param {number} plainness */
function plain(plainness) {
  if (plainness === 0) return "as it learned";
  if (plainness <= 0.4) return "a little plainer";
  return plainness <= 0.7 ? "plain" : "as in a hymn book";
}

export function ComposeKnobs() {
  const open = piece.value;
  const model = chosenModel.value;
  if (!open) return null;
  const temperature = open.temperature ?? OWN;
  return html`<div class="compose_knobs">
    ${(!model || model.parameters.includes("temperature")) && html`<${ComposeKnob}
      name="Creative risk" low=${0.5} high=${1.5} step=${0.05} value=${temperature} ends=${["careful", "bold"]}
      words=${risk} help="Careful takes the likeliest notes, bold takes rarer ones: more surprise, more mistakes."
      set=${(/** @type {number} */ to) => change(`set the risk to ${risk(to)}`, (draft) => {
        draft.temperature = to === OWN ? null : to;
      })} />`}
    <${ComposeKnob} name="Plainness" low=${0} high=${1} step=${0.1} value=${open.plainness ?? 0} ends=${["as learned", "hymn book"]}
      words=${plain} help="The plainer, the fewer passing notes and notes foreign to the key."
      set=${(/** @type {number} */ to) => change(`set the plainness to ${plain(to)}`, (draft) => {
        draft.plainness = to;
      })} />
    <${ComposeKnob} name="Candidates" low=${1} high=${8} step=${1} value=${Math.min(8, open.candidates)} ends=${["1", "8"]}
      words=${(/** @type {number} */ to) => (to === 1 ? "no choice" : `the best of ${to}`)}
      help="How many are composed for each take. The critic, the network that judges, keeps the best one. More take longer."
      set=${(/** @type {number} */ to) => change(`set the candidates to ${to}`, (draft) => {
        draft.candidates = to;
      })} />
    <${ComposeKnob} name="Takes" low=${1} high=${5} step=${1} value=${count.value} ends=${["1", "5"]}
      words=${(/** @type {number} */ to) => `${to} at once`}
      help="How many versions come at once, for you to choose from."
      set=${(/** @type {number} */ to) => (count.value = to)} />
  </div>`;
}
