/** Hear it learn: the fixed melody's roll at every measurement, with a slider and a play button. */
import { html, useEffect, useSignal } from "../lib/html.js";
import { current, frame, makeFilm } from "../state/training.js";
import { guest, play, stop } from "../state/transport.js";
import { fault } from "../state/ui.js";
import { What } from "./glossary.js";

/** @import {Current, Frame} from "../training_types.js" */
/** @typedef {import("@preact/signals").Signal<number>} Place */

const WIDTH = 960;
const HEIGHT = 260;

export function TrainingFrames() {
  const seen = /** @type {Current} */ (current.value);
  const list = seen.frames;
  const chosen = useSignal(/** @type {number | null} */ (null));
  const shown = useSignal(/** @type {Frame | null} */ (null));
  const sounding = useSignal(/** @type {{take: Frame, iteration: number} | null} */ (null));
  const head = useSignal(0);
  const heard = sounding.value && guest.value === sounding.value.take ? sounding.value : null;
  // What sounds is shown until it ends, though newer ones may come.
  const at = heard?.iteration ?? chosen.value ?? list.at(-1) ?? 0;
  const index = Math.max(0, list.indexOf(at));
  useEffect(() => {
    if (list.length) frame(list[index]).then((one) => (shown.value = one), fault);
  }, [seen.id, list.length, index]);
  if (!list.length) return null;
  /** @param {number} to */
  const go = (to) => {
    chosen.value = to === list.length - 1 ? null : list[to];
    if (heard) void listen(list[to]);
  };
  /** @param {number} iteration */
  const listen = async (iteration) => {
    try {
      const take = await frame(iteration);
      sounding.value = { take, iteration };
      head.value = 0;
      await play(take, (step) => (head.value = step));
    } catch (error) {
      fault(error);
    }
  };
  return html`<section class="card" aria-labelledby="training-frames">
    <h2 id="training-frames">Hear it learn <${What} term="piano roll" /></h2>
    <p class="note">The same melody (orange), harmonised by the model as it was at each measurement. Iteration 0 has learned nothing.</p>
    <div class="row frames">
      <button class="icon" aria-label="Earlier" disabled=${index === 0} onClick=${() => go(index - 1)}>◀</button>
      <input type="range" min="0" max=${list.length - 1} value=${index} aria-label="Measurement"
        aria-valuetext=${`iteration ${list[index]}`} onInput=${(/** @type {any} */ event) => go(event.target.valueAsNumber)} />
      <button class="icon" aria-label="Later" disabled=${index === list.length - 1} onClick=${() => go(index + 1)}>▶</button>
      <output>iteration ${list[index].toLocaleString("en")}</output>
      ${heard
        ? html`<button onClick=${stop}>Stop</button>`
        : html`<button class="primary" disabled=${!shown.value} onClick=${() => void listen(list[index])}>Play</button>`}
    </div>
    ${shown.value && html`<${Roll} take=${shown.value} head=${heard ? head : null} label=${`Piano roll, iteration ${list[index]}`} />`}
    ${shown.value && html`<p class="key">${shown.value.lines.map((line) => html`<span key=${line.name} style=${`color:${line.colour}`}><span class="key-name">${line.name}</span></span>`)}</p>`}
    <${Film} seen=${seen} />
  </section>`;
}

/** @param {{take: Frame, head: Place | null, label: string}} props `head`: the step that sounds */
function Roll({ take, head, label }) {
  const pitches = take.lines.flatMap((line) => line.notes.map((note) => note[2]));
  const low = Math.min(60, ...pitches) - 1;
  const high = Math.max(60, ...pitches) + 1;
  const tall = HEIGHT / (high - low + 1);
  /** @param {number} step */
  const x = (step) => (step / take.steps) * WIDTH;
  return html`<svg class="frame-roll" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${label}>
    ${take.bar_lines.map((step) => html`<line key=${step} x1=${x(step)} x2=${x(step)} y1="0" y2=${HEIGHT} class="bar-line" />`)}
    ${take.lines.map((line) => line.notes.map(([start, end, pitch]) => html`<rect key=${`${line.name} ${start}`}
      x=${x(start)} width=${Math.max(1, x(end) - x(start) - 1.5)} y=${(high - pitch) * tall} height=${Math.max(2, tall - 1)} rx="2" fill=${line.colour} />`))}
    ${head && html`<${Head} head=${head} x=${x} />`}
  </svg>`;
}

/** The playhead, drawn anew in every frame by itself. @param {{head: Place, x: (step: number) => number}} props */
function Head({ head, x }) {
  const at = x(head.value);
  return html`<line x1=${at} x2=${at} y1="0" y2=${HEIGHT} class="head" />`;
}

/** @param {{seen: Current}} props */
function Film({ seen }) {
  const address = `/api/trainings/${seen.id}/film`;
  if (!seen.id) return null;
  if (seen.film.state === "making") return html`<p class="note" role="status">The film is being made…</p>`;
  if (seen.film.state === "ready") {
    return html`<div class="film">
      <video controls preload="metadata" src=${address} aria-label="The model learning, with sound"></video>
      <a class="button" href=${address} download=${`kantor-${seen.id}.webm`}>Download the film (WebM)</a>
    </div>`;
  }
  const active = ["running", "stopping"].includes(seen.status);
  return html`<p class="row">
    ${seen.film.message && html`<span class="fault">${seen.film.message}</span>`}
    <button disabled=${active || seen.frames.length < 2} onClick=${() => void makeFilm()}>Make a film with sound</button>
    ${active && html`<small>It is made when the training ends.</small>`}
  </p>`;
}
