/**
 * What is played in, from the keyboard on the screen, computer keys or a MIDI keyboard: it sounds
 * at once, lights up, and is told to whoever listens, such as the recorder.
 */
import { signal } from "../lib/html.js";
import { playIn } from "./channels.js";
import { state, wake } from "./engine.js";

/** @typedef {(stamp: number, message: [number, number, number]) => void} Listener */

/** @type {import("@preact/signals").Signal<ReadonlySet<number>>} the pitches that are held */
export const held = signal(new Set());

/** @type {Set<Listener>} */
const listeners = new Set();

/**
 * @param {Listener} listener is called with the time (ms of the page's clock) and the MIDI bytes
 * @returns {() => void} ends it
 */
export function onPlayed(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Take a MIDI message of a channel as played. A note-on of velocity 0 ends the note.
 * @param {number} status
 * @param {number} first
 * @param {number} [second]
 * @param {number} [stamp] when it was played, in milliseconds of the page's clock
 */
export function played(status, first, second = 0, stamp = performance.now()) {
  const kind = status & 0xf0;
  if (kind < 0x80 || kind > 0xe0) return;
  const on = kind === 0x90 && second > 0;
  const off = kind === 0x80 || (kind === 0x90 && second === 0);
  if (state.peek() === "ready") playIn(off ? 0x80 : kind, first, second);
  if (on) void wake();
  if (on !== off) {
    const now = new Set(held.peek());
    if (on) now.add(first);
    else now.delete(first);
    held.value = now;
  }
  for (const listener of listeners) listener(stamp, [kind, first, second]);
}

/** @param {number} pitch @param {number} [velocity] @param {number} [stamp] */
export const press = (pitch, velocity = 90, stamp) => played(0x90, pitch, velocity, stamp);

/** @param {number} pitch @param {number} [stamp] */
export const release = (pitch, stamp) => played(0x80, pitch, 0, stamp);
