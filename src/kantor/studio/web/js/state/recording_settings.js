/** How the next recording is to be made; kept in this browser. */
import { kept } from "../lib/kept.js";

/**
 * @typedef {object} Wanted
 * @property {number} tempo quarters a minute
 * @property {string} meter
 * @property {{fifths: number, mode: "major" | "minor"} | null} key null: found from the notes
 * @property {boolean} click whether the metronome runs
 */

/** @type {Wanted} */
const USUAL = { tempo: 90, meter: "4/4", key: null, click: true };

/** @type {import("@preact/signals").Signal<Wanted>} */
export const wanted = kept("recording-settings", USUAL);
wanted.value = { ...USUAL, ...wanted.peek() };

/** Milliseconds that notes come late by the way from the key to the page; taken off. */
export const latencyMs = kept("recording-latency", 0);

/** @param {Partial<Wanted>} some */
export function want(some) {
  wanted.value = { ...wanted.peek(), ...some };
}
