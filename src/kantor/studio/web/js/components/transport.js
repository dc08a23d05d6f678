/** Record, play, stop, loop, metronome, tempo, meter, key. */
import { computed, html } from "../lib/html.js";
import { barOf, beatSteps } from "../lib/music.js";
import { fault as why, insecure, load } from "../sound/engine.js";
import { hearing } from "../state/hearing.js";
import { closePiece, piece, selection } from "../state/piece.js";
import { finish, phase, record } from "../state/recorder.js";
import { want, wanted } from "../state/recording_settings.js";
import { countIn, loop, metronome, play, playing, position, rate, recording, seek, sound, stop } from "../state/transport.js";
import { fault, question, registerShortcuts } from "../state/ui.js";
import { TransportGrid } from "./transport_grid.js";
import { Icon } from "./transport_icons.js";
import { LiveStrip } from "./transport_live.js";
import { TransportSettings } from "./transport_settings.js";
import { TransportTime } from "./transport_time.js";

/** Record, ask whether to, or stop recording. */
function recordOrFinish() {
  if (phase.value !== "idle") return finish();
  const open = piece.value;
  if (!open) return record();
  stop();
  question.value = {
    title: "Record a new piece?",
    text: `“${open.title}” stays in the library. The recording starts with its tempo and meter.`,
    yes: "Record a new piece",
    run: () => void recordAnew(open).catch(fault),
  };
}

/** @param {{tempo: number, meter: string}} open */
async function recordAnew({ tempo, meter }) {
  want({ tempo, meter });
  await closePiece();
  await record();
}

function playOrStop() {
  if (phase.value !== "idle") return finish();
  if (playing.value) return stop();
  if (hearing.value) return play();
  return record();
}

const clicking = computed(() => (piece.value && !recording.value ? metronome.value : wanted.value.click));

function toggleMetronome() {
  if (piece.value && !recording.value) metronome.value = !metronome.value;
  else want({ click: !wanted.value.click });
}

function toggleLoop() {
  const chosen = selection.value;
  if (loop.value) loop.value = null;
  else if (chosen) loop.value = [chosen.start, chosen.end];
  else if (piece.value) loop.value = [0, piece.value.steps];
}

registerShortcuts([
  { keys: "Space", what: "Play or stop; record where there is no piece", group: "Playing", run: () => void playOrStop() },
  { keys: "R", what: "Record, or stop recording", group: "Playing", run: () => void recordOrFinish() },
  { keys: "Home", what: "To the start", group: "Playing", run: () => seek(0) },
  { keys: "L", what: "Repeat the selection", group: "Playing", run: toggleLoop },
  { keys: "M", what: "Metronome", group: "Playing", run: toggleMetronome },
]);

const place = computed(() => {
  const open = piece.value;
  if (!open) return "";
  const step = Math.floor(position.value + 1e-6);
  const bar = barOf(open, step);
  const meter = open.meters.findLast(([from]) => from <= step)?.[1] ?? open.meter;
  const start = bar ? open.bar_lines[bar - 1] : 0;
  return `${bar}:${Math.floor((step - start) / beatSteps(meter)) + 1}`;
});

export function Transport() {
  const busy = recording.value;
  const open = piece.value !== null;
  return html`<section class="transport card" aria-label="Transport">
    <div class="transport_bar">
      <button class=${`record${busy ? " on" : ""}`} onClick=${recordOrFinish} aria-pressed=${busy} title="Record (R)">
        <${Icon} name=${busy ? "stop" : "record"} /> ${busy ? "Stop" : "Record"}</button>
      <button class="primary" onClick=${playOrStop} disabled=${busy || (!hearing.value && !playing.value)} title="Play or stop (Space)">
        <${Icon} name=${playing.value ? "stop" : "play"} /> ${playing.value ? "Stop" : "Play"}</button>
      <button class="icon" onClick=${() => seek(0)} disabled=${!open || busy} aria-label="To the start" title="To the start (Home)">
        <${Icon} name="start" /></button>
      <button class="icon" onClick=${toggleLoop} disabled=${!open || busy} aria-pressed=${loop.value !== null}
        aria-label="Repeat the selection" title="Repeat the selection (L)"><${Icon} name="loop" /></button>
      <button class="icon" onClick=${toggleMetronome} aria-pressed=${clicking.value} aria-label="Metronome" title="Metronome (M)">
        <${Icon} name="metronome" /></button>
      <button class="icon" onClick=${() => (countIn.value = !countIn.value)} disabled=${busy} aria-pressed=${countIn.value}
        aria-label="Count in a bar" title="Count in a bar before recording"><${Icon} name="count" /></button>
      ${open && html`<output class="place" aria-label="Bar and beat">${place.value}</output>`}
      <${TransportTime} />
      ${open &&
      html`<label class="rate">Speed <select value=${rate.value}
        onChange=${(/** @type {any} */ event) => (rate.value = Number(event.currentTarget.value))}>
        ${[0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2].map(
          (one) => html`<option value=${one} selected=${one === rate.value}>${Math.round(one * 100)} %</option>`,
        )}</select></label>`}
      <${TransportSettings} />
    </div>
    ${sound.value === "loading" && html`<p class="note" role="status">The sound is loading…</p>`}
    ${sound.value === "ready" && html`<p class="hidden" role="status">The sound is ready.</p>`}
    ${sound.value === "failed" && html`<p class="note" role="status"><span class="fault">${why.value}</span>
      ${!insecure && html`<button onClick=${() => void load()}>Try again</button>`}</p>`}
    <${TransportGrid} />
    <${LiveStrip} />
  </section>`;
}
