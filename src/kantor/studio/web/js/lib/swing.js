/** How a style is played: swung eighths and uneven velocities, as `kantor.music.swing` and `kantor.music.dynamics` have them. */

/** @import {Piece, Swing} from "../types.js" */

const QUARTER = 4;
const HALF = QUARTER / 2;
const EVEN = 0.5;
const USUAL = 80;
const UNEVEN = 24;

/**
 * From which steps on quarters are counted, and the share of each that its first eighth has.
 * @param {Pick<Piece, "cast" | "bar_lines" | "meter" | "meters" | "steps">} piece
 * @returns {Swing}
 */
export function swingOf({ cast, bar_lines, meter, meters, steps }) {
  const swing = cast?.sound?.swing ?? EVEN;
  /** @type {Swing} */
  const changes = [];
  if (swing === EVEN) return changes;
  for (const [index, start] of (bar_lines.length ? bar_lines : [0]).entries()) {
    const end = bar_lines[index + 1] ?? steps;
    const held = meters.findLast(([from]) => from <= start)?.[1] ?? meter;
    const inQuarters = Number(held.split("/")[1]) <= 4 && (end === steps || (end - start) % QUARTER === 0);
    const ratio = inQuarters ? swing : EVEN;
    const [from, before] = changes.at(-1) ?? [0, null];
    if (ratio !== before || (ratio !== EVEN && (start - from) % QUARTER)) changes.push([start, ratio]);
  }
  return changes;
}

/**
 * The stretch that a step is in, written or played: bar lines are the same in both.
 * @param {Swing} changes
 * @param {number} step
 */
const within = (changes, step) => changes.findLast(([start]) => start <= step) ?? changes[0];

/**
 * When a step is played, in even steps.
 * @param {Swing | undefined} changes
 * @param {number} step whole or not
 */
export function played(changes, step) {
  if (!changes?.length) return step;
  const [start, ratio] = within(changes, step);
  const place = (((step - start) % QUARTER) + QUARTER) % QUARTER;
  const long = QUARTER * ratio;
  return step - place + (place < HALF ? (place * long) / HALF : long + ((place - HALF) * (QUARTER - long)) / HALF);
}

/**
 * The step that is played at some place; the inverse of `played`.
 * @param {Swing | undefined} changes
 * @param {number} at
 */
export function written(changes, at) {
  if (!changes?.length) return at;
  const [start, ratio] = within(changes, at);
  const place = (((at - start) % QUARTER) + QUARTER) % QUARTER;
  const long = QUARTER * ratio;
  return at - place + (place < long ? (place * HALF) / long : HALF + ((place - long) * HALF) / (QUARTER - long));
}

/**
 * A number from -1 to 1 that depends on step, line and seed alone.
 * @param {number} step
 * @param {number} line
 * @param {number} seed
 */
export function unevenness(step, line, seed) {
  let mixed = Math.imul(step, 0x9e3779b1) + Math.imul(line, 0x85ebca77) + Math.imul(seed, 0xc2b2ae3d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 31 - 1;
}

/**
 * The velocity of a note.
 * @param {Pick<Piece, "cast">} piece
 * @param {number} step
 * @param {number} line
 */
export function velocity({ cast }, step, line) {
  const sound = cast?.sound;
  return sound?.humanise ? Math.round(USUAL + UNEVEN * sound.humanise * unevenness(step, line, sound.seed)) : USUAL;
}
