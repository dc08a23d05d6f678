/** Playing and recording: what the buttons, the roll and the score share. */
import { effect, signal } from "../lib/html.js";
import { kept } from "../lib/kept.js";
import { playIn } from "../sound/channels.js";
import { fault as soundFault, load, state, wake, wakeOnTouch } from "../sound/engine.js";
import { Player } from "../sound/player.js";
import { beatsOf } from "../sound/schedule.js";
import { hearing } from "./hearing.js";
import { piece } from "./piece.js";
import { fault, say } from "./ui.js";

/** @import {Hearing} from "../types.js" */

export const playing = signal(false);
export const recording = signal(false);
/** Where the playhead stands, in steps, not whole; while it moves it is read by `onFrame`. */
export const position = signal(0);
/** @type {import("@preact/signals").Signal<[number, number] | null>} steps that are repeated */
export const loop = signal(null);
/** Speed without change of pitch: 1 is as written. */
export const rate = kept("speed", 1);
export const metronome = kept("metronome", false);
export const countIn = kept("count-in", true);
/** Of the sound: "off", "loading", "ready" or "failed". */
export const sound = state;
/** What plays that is not the piece, such as a model's sample. */
/** @type {import("@preact/signals").Signal<Hearing | null>} */
export const guest = signal(null);

const SIGNAL_PAUSE = 250;
/** @type {Set<(step: number) => void>} */
const watchers = new Set();
/** @type {Player | null} */
let player = null;
/** @type {((step: number) => void) | null} */
let guestWatcher = null;
let began = 0;
let frame = 0;
let told = 0;
let free = 0; // the time of the sound's clock from which nothing stale can sound

/**
 * Be called with the playhead's place in every frame while it moves.
 * @param {(step: number) => void} watcher
 * @returns {() => void} ends it
 */
export function onFrame(watcher) {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/**
 * Play from the playhead; resolves when it plays. What played before is replaced.
 * @param {Hearing} [what] by default the piece or the take on trial; others play from their start
 * @param {(step: number) => void} [watch] is told where another hearing is, in every frame
 */
export async function play(what, watch) {
  stop();
  const heard = what ?? hearing.peek();
  if (!heard) return;
  if (state.peek() !== "ready") {
    say("The sound is loading.");
    await load();
  }
  if (state.peek() !== "ready") return fault(soundFault.peek());
  await wake();
  stop();
  const own = !what;
  const made = new Player(heard, () => ended(made));
  player = made;
  guest.value = what ?? null;
  guestWatcher = watch ?? null;
  const step = own ? from(heard) : 0;
  if (own) {
    began = step;
    made.loop = loop.peek();
    made.beats = clicks();
  }
  made.rate = own ? rate.peek() : 1;
  made.start(step, free);
  playing.value = true;
  frame = requestAnimationFrame(move);
}

/** @param {Hearing} heard */
function from(heard) {
  const [start, end] = loop.peek() ?? [0, heard.steps];
  const step = position.peek();
  return step < start || step >= end ? start : step;
}

/** Stop; the playhead stays where it is. */
export function stop() {
  if (!player) return;
  const at = player.position();
  free = player.stop();
  cancelAnimationFrame(frame);
  player = null;
  const own = !guest.peek();
  guest.value = null;
  guestWatcher = null;
  playing.value = false;
  if (own) put(at);
}

/** @param {Player} which came to its end */
function ended(which) {
  if (player !== which) return;
  const own = !guest.peek();
  stop();
  if (own) put(began);
}

/** @param {number} step */
export function seek(step) {
  if (player && !guest.peek()) {
    began = step;
    player.seek(step);
  }
  put(step);
}

/** @param {number} step */
function put(step) {
  position.value = step;
  for (const watcher of watchers) watcher(step);
}

function move() {
  if (!player) return;
  const step = player.position();
  if (guest.peek()) guestWatcher?.(step);
  else {
    for (const watcher of watchers) watcher(step);
    const now = performance.now();
    if (now - told > SIGNAL_PAUSE) {
      told = now;
      position.value = step;
    }
  }
  frame = requestAnimationFrame(move);
}

const clicks = () => (metronome.peek() && piece.peek() ? beatsOf(/** @type {any} */ (piece.peek())) : []);

// What changes while it plays is heard at once.
effect(() => {
  const now = hearing.value;
  if (!player || guest.peek()) return;
  if (now) player.change(now);
  else stop();
});
effect(() => {
  const wanted = loop.value;
  if (player && !guest.peek()) player.loop = wanted;
});
effect(() => {
  const wanted = rate.value;
  if (player && !guest.peek()) player.setRate(wanted);
});
effect(() => {
  void metronome.value, piece.value?.meter, piece.value?.bar_lines;
  if (player && !guest.peek()) player.beats = clicks();
});
/** @type {string | undefined} */
let open;
effect(() => {
  const id = piece.value?.id;
  if (id === open) return;
  open = id;
  stop();
  loop.value = null;
  position.value = 0;
});

// The page is drawn first; then the sound is loaded, so that it is there when it is wanted.
wakeOnTouch();
requestAnimationFrame(() => setTimeout(() => void load(), 0));

/**
 * Sound a note at once, as when a key is pressed.
 * @param {number} pitch
 * @param {number} [velocity]
 */
export function noteOn(pitch, velocity = 90) {
  playIn(0x90, pitch, velocity);
}

/** @param {number} pitch */
export function noteOff(pitch) {
  playIn(0x80, pitch, 0);
}
