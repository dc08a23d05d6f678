/** A take: its picture, what tells it from the others, and what can be done with it. */
import { html } from "../lib/html.js";
import { regionName } from "../lib/music.js";
import { adopt, hear, star } from "../state/composing.js";
import { preview } from "../state/hearing.js";
import { modelName } from "../state/models.js";
import { piece } from "../state/piece.js";
import { playing } from "../state/transport.js";
import { TakePicture } from "./take_picture.js";

/** @import {Take} from "../types.js" */

const PLAY = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 4v16l13-8z" /></svg>`;
const STOP = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6h12v12H6z" /></svg>`;
const STAR = "M12 3l2.7 5.8 6.3.7-4.7 4.3 1.3 6.2-5.6-3.2-5.6 3.2 1.3-6.2L3 9.5l6.3-.7z";

/** @param {{take: Take, place: number}} card the place among those shown gives its key */
export function TakeCard({ take, place }) {
  const open = piece.value;
  if (!open) return null;
  const { number, region } = take;
  const used = open.take === number;
  const onTrial = preview.value === number;
  const heard = playing.value && (onTrial || (used && preview.value === null));
  const starred = open.starred.includes(number);
  const state = onTrial ? "on trial" : used ? "in the piece" : "";
  return html`<li class=${`take ${onTrial ? "chosen" : ""}`} aria-label=${`Take ${number}`}>
    <div class="take_head"><strong>Take ${number}</strong>
      ${state && html`<span class="take_state">${state}</span>`}
      <button class="quiet icon" aria-pressed=${starred} aria-label=${`Star take ${number}`} title=${starred ? "Take the star away" : "Star: a favourite"}
        onClick=${() => star(number)}><svg viewBox="0 0 24 24" aria-hidden="true" class=${starred ? "" : "empty"}><path d=${STAR} /></svg></button></div>
    <${TakePicture} take=${take} lines=${open.lines} bars=${open.bar_lines} />
    <p class="take_character">${take.character || "one take"}${region && html`<span class="note"> · ${regionName(open, region)}</span>`}</p>
    <div class="row">
      <button onClick=${() => void hear(number)}>
        ${heard ? STOP : PLAY} <span>${heard ? "Stop" : "Hear"}<span class="hidden">${` take ${number}`}</span></span> ${place < 9 && html`<kbd aria-hidden="true">${place + 1}</kbd>`}</button>
      <button onClick=${() => adopt(number)} disabled=${used && !onTrial}>
        <span>${used && !onTrial ? "In use" : "Use"}<span class="hidden">${` take ${number}`}</span></span></button>
    </div>
    <details><summary>What made it</summary><${Facts} take=${take} /></details>
  </li>`;
}

/** @param {{take: Take}} props */
function Facts({ take }) {
  const critic = take.critic === null ? "" : `Critic ${take.critic.toFixed(2)}, comparable among these only.`;
  return html`<p class="note">${modelName(take.model)}, ${take.drums && `drums by ${modelName(take.drums)}, `}seed ${take.seed}${take.index ? ` (${take.index + 1})` : ""},
    risk ${take.temperature ?? "as it learned"}, ${take.plainness > 0 && `plainness ${take.plainness}, `}${take.candidates === 1 ? "1 candidate" : `best of ${take.candidates}`}. ${critic}
    ${" "}${new Date(take.made).toLocaleString("en-GB", { dateStyle: "short", timeStyle: "short" })}</p>`;
}
