/** The recording as it is made: count-in, notes; then what became of it. */
import { html, signal, useEffect } from "../lib/html.js";
import { beatSteps, barSteps } from "../lib/music.js";
import { finish, countdown, elapsed, live, phase } from "../state/recorder.js";
import { latencyMs, wanted } from "../state/recording_settings.js";
import { asPlayed, discard, last, post, posting, unsaved } from "../state/recordings.js";
import { guest, play, stop } from "../state/transport.js";
import { fault } from "../state/ui.js";

const SHOWN = 16; // beats
const LOWEST = 41;
const HIGHEST = 89;
const now = signal(0);

export function LiveStrip() {
  const busy = phase.value !== "idle";
  useEffect(() => {
    if (!busy) return;
    let frame = requestAnimationFrame(function move() {
      now.value = elapsed() - latencyMs.peek() / 1000;
      frame = requestAnimationFrame(move);
    });
    return () => cancelAnimationFrame(frame);
  }, [busy]);
  if (busy) return html`<${Strip} />`;
  return unsaved.value ? html`<${Unsaved} />` : null;
}

function Strip() {
  const { tempo, meter } = wanted.value;
  const beat = (beatSteps(meter) * 15) / tempo;
  const inBar = Math.round(barSteps(meter) / beatSteps(meter));
  const at = now.value / beat;
  const first = Math.max(-1, Math.ceil((at - SHOWN + 2) / inBar) * inBar - 1);
  const place = (/** @type {number} */ seconds) => seconds / beat - first;
  const counting = phase.value === "count-in";
  return html`<div class="live">
    <p class="count" role="status">
      ${counting ? html`Count-in: <strong>${countdown.value}</strong>` : html`<span class="dot"></span> Recording, bar ${Math.max(1, Math.floor(at / inBar) + 1)}`}
    </p>
    <svg viewBox=${`0 0 ${SHOWN} ${HIGHEST - LOWEST}`} preserveAspectRatio="none" aria-hidden="true">
      ${Array.from({ length: SHOWN + 1 }, (_, index) => first + index).map(
        (one) => html`<line key=${one} x1=${one - first} x2=${one - first} y1="0" y2=${HIGHEST - LOWEST} class=${one % inBar ? "" : "bar"} />`,
      )}
      ${live.value
        .filter((note) => place(note.end ?? Infinity) > 0)
        .map((note) => html`<rect x=${place(note.start)} y=${HIGHEST - note.pitch - 1} height="2"
          width=${Math.max(0.05, ((note.end ?? Math.max(note.start, now.value)) - note.start) / beat)} />`)}
      <line class="head" x1=${at - first} x2=${at - first} y1="0" y2=${HIGHEST - LOWEST} />
    </svg>
    <button onClick=${() => void finish()}>${counting ? "Cancel" : "Stop recording"}</button>
  </div>`;
}

function Unsaved() {
  const recording = last.value;
  if (!recording) return null;
  if (posting.value) return html`<p class="note" role="status">Writing down what you played…</p>`;
  return html`<div class="live waiting" role="status">
    <p>A recording is kept in this browser; the server does not have it yet.</p>
    <button class="primary" onClick=${() => void post().catch(fault)}>Write it down</button>
    <button onClick=${() => (guest.value ? stop() : void play(asPlayed(recording)))}>${guest.value ? "Stop" : "Hear it as played"}</button>
    <button onClick=${discard}>Discard</button>
  </div>`;
}
