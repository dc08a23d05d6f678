/** One voice: who writes it, how it sounds, whether composing may change it. */
import { html } from "../lib/html.js";
import { FAMILIES } from "../lib/instruments.js";
import { activeLine, isGiven } from "../state/editing.js";
import { canMoveMelody, giveMelody, setMix, switchGiven, switchLock } from "../state/lanes.js";
import { isLocked } from "../state/regions.js";
import { LineMark } from "./line_mark.js";

/** @import {LineDocument, Piece} from "../types.js" */

/** @param {{open: Piece, line: LineDocument, index: number}} props */
export function Lane({ open, line, index }) {
  const active = activeLine.value === index;
  const given = isGiven(open, line);
  const locked = isLocked(open, line);
  const { name } = line;
  return html`<li class=${`lane ${active ? "active" : ""}`} data-line=${index}>
    <div class="lane_head">
      <button class="quiet lane_name" aria-pressed=${active} title=${`Write in the ${name}`} onClick=${() => (activeLine.value = index)}>
        <${LineMark} line=${line} /><span>${name}</span>
      </button>
      <button role="switch" class="lane_given" aria-checked=${given} aria-label=${`${name} given`} onClick=${() => switchGiven(index)}
        title=${given ? "Given: the model keeps it. Press to have it composed." : "Composed by the model, except what you wrote. Press to keep all of it as given."}>
        ${given ? "given" : line.given.length ? "partly given" : "composed"}
      </button>
    </div>
    <${Mix} line=${line} index=${index} locked=${locked} given=${given} />
    <div class="lane_more">
      <${Instrument} line=${line} index=${index} />
      ${canMoveMelody(open) && !given && line.kind !== "drum"
        ? html`<button class="quiet lane_melody" title=${`Read the melody again, for the ${name}`} onClick=${() => void giveMelody(index)}>Give the melody to this voice</button>` : null}
    </div>
  </li>`;
}

/** @param {{line: LineDocument, index: number, locked: boolean, given: boolean}} props */
function Mix({ line, index, locked, given }) {
  const { name } = line;
  return html`<div class="lane_mix">
    <button class="icon" aria-pressed=${line.muted} aria-label=${`Mute the ${name}`} title="Mute" onClick=${() => setMix(index, { muted: !line.muted })}>M</button>
    <button class="icon" aria-pressed=${line.solo} aria-label=${`Solo the ${name}`} title="Solo: hear this one alone" onClick=${() => setMix(index, { solo: !line.solo })}>S</button>
    <button class="icon" aria-pressed=${locked} aria-label=${`Lock the ${name}`} disabled=${given} onClick=${() => switchLock(index)}
      title=${given ? "What is given is kept anyway" : "Lock: composing leaves this voice as it is"}><${Lock} open=${!locked} /></button>
    <input type="range" min="0" max="1" step="0.05" value=${line.volume} aria-label=${`Volume of the ${name}`} title="Volume"
      onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => setMix(index, { volume: Number(event.currentTarget.value) })} />
  </div>`;
}

/** @param {{open: boolean}} props */
function Lock({ open }) {
  return html`<svg viewBox="0 0 16 16" aria-hidden="true"><rect x="3" y="7" width="10" height="7" rx="1.5" />
    <path d=${open ? "M5 7V4.5a3 3 0 0 1 5.6-1.5" : "M5 7V4.5a3 3 0 0 1 6 0V7"} fill="none" stroke="currentColor" stroke-width="1.8" /></svg>`;
}

/** @param {{line: LineDocument, index: number}} props */
function Instrument({ line, index }) {
  if (line.kind === "drum") return html`<span class="note">drum ${line.low}</span>`;
  return html`<select class="lane_instrument" aria-label=${`Instrument of the ${line.name}`} value=${String(line.program)}
    onChange=${(/** @type {{currentTarget: HTMLSelectElement}} */ event) => setMix(index, { program: Number(event.currentTarget.value) })}>
    ${FAMILIES.map(([family, names], group) => html`<optgroup label=${family}>
      ${names.map((one, place) => html`<option value=${String(group * 8 + place)} selected=${line.program === group * 8 + place}>${one}</option>`)}
    </optgroup>`)}
  </select>`;
}
