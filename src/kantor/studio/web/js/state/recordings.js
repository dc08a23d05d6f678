/** Raw recordings: the last one can be heard as played; one that the server lacks is kept here. */
import { signal } from "../lib/html.js";
import { Problem, get } from "../lib/api.js";
import { createPiece } from "./piece.js";
import { play } from "./transport.js";
import { say } from "./ui.js";

/** @import {Hearing} from "../types.js" */

/**
 * @typedef {object} Recording
 * @property {[number, number, number, number][]} events seconds from the first beat, and MIDI bytes
 * @property {number} tempo
 * @property {string} meter
 * @property {{fifths: number, mode: "major" | "minor"} | null} key
 * @property {boolean} click
 * @property {number} downbeat seconds
 * @property {number} latency seconds
 * @property {number} strength
 */

const KEPT = "recording";

/** @type {import("@preact/signals").Signal<Recording | null>} the last recording, as played */
export const last = signal(null);
/** @type {import("@preact/signals").Signal<Hearing | null>} the raw take of a piece that was asked for */
export const raw = signal(null);
/** Whether the server does not have it yet. */
export const unsaved = signal(false);
export const posting = signal(false);

try {
  last.value = JSON.parse(localStorage.getItem(KEPT) ?? "null");
  unsaved.value = last.value !== null;
} catch {
  localStorage.removeItem(KEPT);
}

/** @param {Recording} recording */
export function keep(recording) {
  last.value = recording;
  unsaved.value = true;
  try {
    localStorage.setItem(KEPT, JSON.stringify(recording));
  } catch {
    // too long for the browser's storage: it stays in memory
  }
}

/** Make a piece of the recording that is kept. */
export async function post() {
  if (!last.peek() || posting.peek()) return;
  posting.value = true;
  try {
    await createPiece({ recording: last.peek() });
    unsaved.value = false;
    localStorage.removeItem(KEPT);
    say("Your melody is written down as notes. Press Compose, or G, to hear it with other voices.");
  } catch (error) {
    if (error instanceof Problem && error.status === 0) {
      throw new Problem(0, "Kantor does not answer. The recording is kept in this browser: save it later.");
    }
    throw error;
  } finally {
    posting.value = false;
  }
}

/**
 * Play what was played, of a piece that was recorded.
 * @param {string} id
 */
export async function hearRaw(id) {
  raw.value = asPlayed(await get(`/api/pieces/${id}/recording`));
  await play(raw.value);
}

/** Throw the recording that is kept away. */
export function discard() {
  last.value = null;
  unsaved.value = false;
  localStorage.removeItem(KEPT);
}

/**
 * A recording as it was played, for `play`.
 * @param {Recording} recording
 * @returns {Hearing}
 */
export function asPlayed(recording) {
  const steps = (/** @type {number} */ seconds) => (seconds * recording.tempo) / 15;
  const first = Math.min(0, ...recording.events.map(([seconds]) => seconds));
  /** @type {[number, number, number, number][]} */
  const notes = [];
  /** @type {Map<number, [number, number, number, number]>} */
  const open = new Map();
  /** @type {Set<[number, number, number, number]>} released while the pedal was down */
  const ringing = new Set();
  let pedal = false;
  for (const [seconds, status, key, value] of recording.events) {
    const at = steps(seconds - first);
    const before = open.get(key);
    if (status === 0x90 && value > 0) {
      if (before) before[1] = at;
      const note = /** @type {[number, number, number, number]} */ ([at, at + 1, key, value]);
      notes.push(note);
      open.set(key, note);
    } else if ((status === 0x80 || status === 0x90) && before) {
      open.delete(key);
      before[1] = at;
      if (pedal) ringing.add(before);
    } else if (status === 0xb0 && key === 64) {
      pedal = value >= 64;
      if (!pedal) {
        for (const note of ringing) note[1] = at;
        ringing.clear();
      }
    }
  }
  const end = Math.max(1, ...notes.map((note) => note[1])) + 4;
  const line = { program: 0, pan: 0, volume: 0.8, silent: false, drum: false, notes };
  return { steps: Math.ceil(end), tempo: recording.tempo, tempi: [], lines: [line] };
}
