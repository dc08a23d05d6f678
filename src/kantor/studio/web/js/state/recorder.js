/** Recording what is played in: count-in, metronome, what was played, and the piece made of it. */
import { signal } from "../lib/html.js";
import { barSteps, beatSteps } from "../lib/music.js";
import { clock, wake } from "../sound/engine.js";
import { click, hush } from "../sound/metronome.js";
import { held, onPlayed } from "../sound/played.js";
import { beatSeconds, beatsInBar } from "../sound/schedule.js";
import { compare, heardAt, heardNow } from "../sound/time.js";
import { latencyMs, wanted } from "./recording_settings.js";
import { keep, post } from "./recordings.js";
import { countIn, recording, stop } from "./transport.js";
import { fault, say } from "./ui.js";

/** @typedef {{start: number, end: number | null, pitch: number}} LiveNote seconds from the downbeat */

/** @type {import("@preact/signals").Signal<"idle" | "count-in" | "recording">} */
export const phase = signal("idle");
/** Beats until the first that is recorded. */
export const countdown = signal(0);
/** @type {import("@preact/signals").Signal<LiveNote[]>} what has been recorded so far */
export const live = signal([]);

const AHEAD = 0.1;
const TICK = 25;

/** @type {[number, number, number, number][]} seconds, and MIDI bytes */
let events = [];
let downbeat = 0; // by the sound's clock
let beat = 0.5; // seconds
let next = 0; // the beat that clicks next, counted from the downbeat
let timer = 0;
/** @type {(() => void) | null} */
let deaf = null;

/** Seconds from the first beat, as heard now. */
export const elapsed = () => heardNow() - downbeat;

/** Count in and record. */
export async function record() {
  if (phase.peek() !== "idle") return;
  stop();
  await wake();
  compare();
  const { tempo, meter } = wanted.peek();
  const count = countIn.peek() ? beatsInBar(meter) : 0;
  beat = beatSeconds(meter, tempo);
  events = [];
  live.value = [];
  next = -count;
  downbeat = clock().context.currentTime + 0.1 + count * beat;
  phase.value = count ? "count-in" : "recording";
  countdown.value = count;
  recording.value = true;
  deaf = onPlayed(take);
  timer = setInterval(tick, TICK);
  tick();
}

function tick() {
  compare();
  const { meter, click: clicks } = wanted.peek();
  const until = clock().context.currentTime + AHEAD;
  const inBar = barSteps(meter) / beatSteps(meter);
  for (; downbeat + next * beat < until; next += 1) {
    if (next < 0 || clicks) click(downbeat + next * beat, next % inBar === 0);
  }
  const left = -elapsed() / beat;
  countdown.value = Math.max(0, Math.ceil(left));
  if (left <= 0 && phase.peek() === "count-in") phase.value = "recording";
}

/**
 * @param {number} stamp
 * @param {[number, number, number]} message
 */
function take(stamp, [status, first, second]) {
  const seconds = heardAt(stamp) - downbeat;
  if (seconds < -beat / 2) return;
  const at = Math.round(seconds * 1e4) / 1e4;
  const shown = at - latencyMs.peek() / 1000;
  const notes = live.peek();
  if (status === 0x90 && second > 0) {
    live.value = [...close(notes, first, shown), { start: shown, end: null, pitch: first }];
  } else if (status === 0x80 || status === 0x90) {
    if (!notes.some((note) => note.pitch === first && note.end === null)) return;
    live.value = close(notes, first, shown);
  }
  events.push([at, status, first, second]);
}

/**
 * @param {LiveNote[]} notes
 * @param {number} pitch
 * @param {number} end
 */
function close(notes, pitch, end) {
  return notes.map((note) => (note.pitch === pitch && note.end === null ? { ...note, end } : note));
}

/** Stop, and make a piece of what was played; a count-in is called off. */
export async function finish() {
  if (phase.peek() === "idle") return;
  const now = performance.now();
  const counting = phase.peek() === "count-in" && !events.length;
  for (const pitch of held.peek()) take(now, [0x80, pitch, 0]);
  clearInterval(timer);
  deaf?.();
  hush();
  phase.value = "idle";
  recording.value = false;
  if (counting) return say("The recording was cancelled.");
  if (!live.peek().length) return say("Nothing was played, so nothing was recorded.");
  keep(made());
  try {
    await post();
  } catch (error) {
    fault(error);
  }
}

/** What was played, as the server takes it. */
function made() {
  const { tempo, meter, key, click: clicks } = wanted.peek();
  const latency = latencyMs.peek() / 1000;
  return { events, tempo, meter, key, click: clicks, downbeat: 0, latency, strength: 1 };
}

// A page that is left while it records loses nothing.
addEventListener("pagehide", () => {
  if (phase.peek() !== "idle" && live.peek().length) keep(made());
});
