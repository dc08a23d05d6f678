/** Bars and beats of a piece: where they begin, and what number they have in print. */
import { barOf, barSteps, beatSteps } from "./music.js";

/** @import {Piece} from "../types.js" */
/** @typedef {Pick<Piece, "bar_lines" | "steps" | "meter" | "meters">} Timed */

/** @type {WeakMap<number[], number[]>} */
const known = new WeakMap();

/**
 * Where bars begin, a pickup included.
 * @param {Timed} piece
 */
export function barStarts(piece) {
  let starts = known.get(piece.bar_lines);
  if (!starts) {
    starts = piece.bar_lines.filter((step) => step > 0);
    starts.unshift(0);
    known.set(piece.bar_lines, starts);
  }
  return starts;
}

/**
 * The place of the last number that is not greater, or 0.
 * @param {number[]} ascending
 * @param {number} value
 */
export function placeOf(ascending, value) {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/**
 * The bar in which a step stands.
 * @param {Timed} piece
 * @param {number} step
 * @returns {{start: number, end: number, number: number}}
 */
export function barAt(piece, step) {
  const starts = barStarts(piece);
  const place = placeOf(starts, step);
  const first = piece.bar_lines[0] === 0 ? 1 : 0;
  const end = Math.min(piece.steps, starts[place + 1] ?? piece.steps);
  return { start: starts[place], end, number: place + first };
}

/**
 * The bars that a stretch touches.
 * @param {Timed} piece
 * @param {number} from
 * @param {number} to
 */
export function barsBetween(piece, from, to) {
  const bars = [];
  for (let step = Math.max(0, from); step < Math.min(to, piece.steps); ) {
    const bar = barAt(piece, step);
    bars.push(bar);
    if (bar.end <= step) break;
    step = bar.end;
  }
  return bars;
}

/**
 * @param {Timed} piece
 * @param {number} step
 */
export function meterAt(piece, step) {
  let meter = piece.meter;
  for (const [from, next] of piece.meters) if (from <= step) meter = next;
  return meter;
}

/**
 * The length of the beats of the bar at a step, and where that bar's first beat would be: before
 * the piece where it begins with a pickup.
 * @param {Timed} piece
 * @param {number} step
 */
export function beatsAt(piece, step) {
  const bar = barAt(piece, step);
  const meter = meterAt(piece, bar.start);
  const short = bar.number === 0 ? barSteps(meter) - (bar.end - bar.start) : 0;
  return { beat: beatSteps(meter), first: bar.start - short, bar };
}

/**
 * The beginning of the part of the grid in which a step stands; the grid begins anew in each bar.
 * @param {Timed} piece
 * @param {number} step
 * @param {number} grid in steps
 */
export function snapped(piece, step, grid) {
  const { first, bar } = beatsAt(piece, Math.max(0, Math.min(piece.steps - 1, step)));
  return Math.max(bar.start, first + Math.floor((step - first) / grid) * grid);
}

/**
 * A stretch made wider to whole bars, or to whole beats.
 * @param {Timed} piece
 * @param {number} from
 * @param {number} to may be less than `from`
 * @param {boolean} beats
 * @returns {[number, number]}
 */
export function widened(piece, from, to, beats) {
  const last = piece.steps - 1;
  const [low, high] = [Math.min(from, to), Math.max(from, to)].map((step) => Math.max(0, Math.min(last, Math.floor(step))));
  if (!beats) return [barAt(piece, low).start, barAt(piece, high).end];
  const { beat, bar } = beatsAt(piece, high);
  return [snapped(piece, low, beatsAt(piece, low).beat), Math.min(bar.end, snapped(piece, high, beat) + beat)];
}

/**
 * A place in words: "bar 3 beat 2", "bar 3 beat 2 and a half".
 * @param {Piece} piece
 * @param {number} step
 */
export function placeName(piece, step) {
  const { beat, first } = beatsAt(piece, step);
  const beats = (step - first) / beat;
  const fraction = Math.round((beats % 1) * 100) / 100;
  return `bar ${barOf(piece, step)} beat ${Math.floor(beats) + 1}${fraction ? ` plus ${fraction}` : ""}`;
}

const LENGTHS = new Map([
  [1, "a sixteenth"], [2, "an eighth"], [3, "a dotted eighth"], [4, "a quarter"], [6, "a dotted quarter"],
  [8, "a half"], [12, "a dotted half"], [16, "a whole note"],
]);

/** @param {number} steps */
export const lengthName = (steps) => LENGTHS.get(steps) ?? `${steps} sixteenths`;
