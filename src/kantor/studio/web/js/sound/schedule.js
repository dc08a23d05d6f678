/** What sounds when: notes and beats of a piece in order. Pure: it knows no clock. */
import { barSteps, beatSteps } from "../lib/music.js";

/** @import {Hearing} from "../types.js" */

/**
 * @typedef {object} Sounding
 * @property {number} start in steps
 * @property {number} end in steps
 * @property {number} line
 * @property {number} pitch
 * @property {number} velocity
 */
/** @typedef {{step: number, accent: boolean}} Beat */
/** @typedef {{meter: string, meters: [number, string][], bar_lines: number[], steps: number}} Metered */

/**
 * Notes by start. A note ends where the same pitch of its line begins again.
 * @param {Hearing} hearing
 * @returns {Sounding[]}
 */
export function soundings(hearing) {
  /** @type {Sounding[]} */
  const all = [];
  hearing.lines.forEach((line, index) => {
    /** @type {Map<number, Sounding>} */
    const last = new Map();
    for (const [start, end, pitch, velocity] of [...line.notes].sort((a, b) => a[0] - b[0])) {
      const before = last.get(pitch);
      if (before && before.end > start) before.end = start;
      const note = { start: Math.max(0, start), end, line: index, pitch, velocity };
      last.set(pitch, note);
      all.push(note);
    }
  });
  return all.sort((a, b) => a.start - b.start);
}

/**
 * The first of some notes that does not start before a step.
 * @param {{start: number}[]} notes by start
 * @param {number} step
 */
export function firstFrom(notes, step) {
  let [low, high] = [0, notes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (notes[middle].start < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The beats of a piece for the metronome; those of a pickup lead to its first bar.
 * @param {Metered} piece
 * @returns {Beat[]}
 */
export function beatsOf(piece) {
  const meterAt = (/** @type {number} */ step) =>
    piece.meters.findLast(([from]) => from <= step)?.[1] ?? piece.meter;
  const bars = piece.bar_lines.length ? piece.bar_lines : [0];
  /** @type {Beat[]} */
  const beats = [];
  const lead = beatSteps(piece.meter);
  for (let step = bars[0] - lead; step >= 0; step -= lead) beats.unshift({ step, accent: false });
  bars.forEach((bar, index) => {
    const beat = beatSteps(meterAt(bar));
    const end = bars[index + 1] ?? piece.steps;
    for (let step = bar; step < end; step += beat) beats.push({ step, accent: step === bar });
  });
  return beats;
}

/**
 * Beats of a bar of some meter.
 * @param {string} meter
 */
export const beatsInBar = (meter) => Math.max(1, Math.round(barSteps(meter) / beatSteps(meter)));

/**
 * Seconds of a beat.
 * @param {string} meter
 * @param {number} tempo quarters a minute
 */
export const beatSeconds = (meter, tempo) => (beatSteps(meter) * 15) / tempo;
