/** Editing one line, which sounds one note at a time: its notes, and its spans. New lists come back. */

/** @import {NoteSpan, Span} from "../types.js" */

/**
 * Put a note into a line; it trims what it covers, and what it covers wholly goes.
 * @param {NoteSpan[]} notes
 * @param {NoteSpan} note
 * @param {number} [instead] the place of the note that it replaces
 * @returns {NoteSpan[]}
 */
export function put(notes, note, instead = -1) {
  const [start, end] = note;
  /** @type {NoteSpan[]} */
  const kept = [note];
  for (const [index, one] of notes.entries()) {
    if (index === instead) continue;
    if (one[1] <= start || one[0] >= end) kept.push(one);
    else if (one[0] < start) kept.push([one[0], start, one[2]]);
    else if (one[1] > end) kept.push([end, one[1], one[2]]);
  }
  return kept.sort((a, b) => a[0] - b[0]);
}

/**
 * What is left of notes when a stretch is emptied.
 * @param {NoteSpan[]} notes
 * @param {number} start
 * @param {number} end
 * @returns {NoteSpan[]}
 */
export function emptied(notes, start, end) {
  return notes.flatMap((one) => {
    const [from, to, pitch] = one;
    if (to <= start || from >= end) return [one];
    /** @type {NoteSpan[]} */
    const left = [];
    if (from < start) left.push([from, start, pitch]);
    if (to > end) left.push([end, to, pitch]);
    return left;
  });
}

/**
 * Spans with one more; those that touch become one.
 * @param {Span[]} spans
 * @param {number} start
 * @param {number} end
 * @returns {Span[]}
 */
export function joined(spans, start, end) {
  if (start >= end) return spans;
  /** @type {Span[]} */
  const all = [];
  for (const [from, to] of /** @type {Span[]} */ ([...spans, [start, end]]).sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/**
 * Spans without a stretch.
 * @param {Span[]} spans
 * @param {number} start
 * @param {number} end
 * @returns {Span[]}
 */
export function without(spans, start, end) {
  return spans.flatMap(([from, to]) => {
    /** @type {Span[]} */
    const left = [[from, Math.min(to, start)], [Math.max(from, end), to]];
    return left.filter(([low, high]) => low < high);
  });
}

/**
 * Whether a step stands in one of the spans.
 * @param {Span[]} spans
 * @param {number} step
 */
export const covers = (spans, step) => spans.some(([from, to]) => from <= step && step < to);

/**
 * The place of the note that sounds at a step, or -1.
 * @param {NoteSpan[]} notes
 * @param {number} step
 */
export const soundingAt = (notes, step) => notes.findIndex(([start, end]) => start <= step && step < end);
