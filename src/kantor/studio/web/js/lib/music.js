/** Small facts about music that the page needs for drawing; composing is the server's. */
import { played as swung, written as straight } from "./swing.js";

const SHARPS = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const FLATS = ["C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B"];

/**
 * @param {number} pitch MIDI number
 * @param {number} [fifths] of the key: flats where it is negative
 */
export function noteName(pitch, fifths = 0) {
  return `${(fifths < 0 ? FLATS : SHARPS)[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

/** @param {number} pitch */
export const isBlack = (pitch) => [1, 3, 6, 8, 10].includes(pitch % 12);

/** @param {{fifths: number, mode: string}} key */
export function keyName(key) {
  const tonic = (((key.fifths * 7 + (key.mode === "minor" ? 9 : 0)) % 12) + 12) % 12;
  const flat = key.fifths < 0;
  return `${(flat ? FLATS : SHARPS)[tonic]} ${key.mode}`;
}

/**
 * The length of a bar in steps.
 * @param {string} meter such as "6/8"
 */
export function barSteps(meter) {
  const [numerator, denominator] = meter.split("/").map(Number);
  return (16 * numerator) / denominator;
}

/**
 * The length of a beat in steps: a dotted quarter in 6/8, 9/8 and 12/8.
 * @param {string} meter
 */
export function beatSteps(meter) {
  const [numerator, denominator] = meter.split("/").map(Number);
  const compound = denominator >= 8 && numerator % 3 === 0 && numerator > 3;
  return Math.max(1, ((compound ? 3 : 1) * 16) / denominator);
}

/**
 * The number of the bar that a step stands in, as in print: a pickup is bar 0.
 * @param {{bar_lines: number[]}} piece
 * @param {number} step
 */
export function barOf(piece, step) {
  let bar = 0;
  for (const line of piece.bar_lines) if (line <= step) bar += 1;
  return bar;
}

/**
 * A stretch of some lines in words: "bars 3–4 of alto".
 * @param {{bar_lines: number[], lines: {name: string}[]}} piece
 * @param {import("../types.js").Region} region
 */
export function regionName(piece, region) {
  const first = barOf(piece, region.start);
  const last = barOf(piece, Math.max(region.start, region.end - 1));
  const bars = first === last ? `bar ${first}` : `bars ${first}–${last}`;
  const all = region.lines.length === piece.lines.length;
  const names = region.lines.map((index) => piece.lines[index]?.name ?? "");
  return all ? bars : `${bars} of ${LIST.format(names)}`;
}

const LIST = new Intl.ListFormat("en-GB");

/**
 * How many there are of something: "1 bar", "2 bars".
 * @param {number} number
 * @param {string} word such as "bar"
 */
export const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

/** @typedef {{tempo: number, tempi: [number, number][], swing?: import("../types.js").Swing}} Timing */

/**
 * The seconds from the beginning to a step.
 * @param {Timing} piece
 * @param {number} written
 */
export function secondsAt(piece, written) {
  const step = swung(piece.swing, written);
  let seconds = 0;
  let from = 0;
  let tempo = piece.tempo;
  for (const [start, next] of piece.tempi) {
    if (start >= step) break;
    seconds += ((start - from) * 15) / tempo;
    from = start;
    tempo = next;
  }
  return seconds + ((step - from) * 15) / tempo;
}

/**
 * The step, not whole, at which so many seconds have passed.
 * @param {Timing} piece
 * @param {number} seconds
 */
export function stepAt(piece, seconds) {
  let passed = 0;
  let from = 0;
  let tempo = piece.tempo;
  for (const [start, next] of piece.tempi) {
    const lasting = ((start - from) * 15) / tempo;
    if (passed + lasting > seconds) break;
    passed += lasting;
    from = start;
    tempo = next;
  }
  return straight(piece.swing, from + ((seconds - passed) * tempo) / 15);
}
