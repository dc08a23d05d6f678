/** A piece for the lines of another model: its melody stays, moved by octaves; the rest is to be composed. */

/** @import {LineDocument, Model, Piece} from "../types.js" */

/** @param {{name: string}[]} lines */
const named = (lines) => lines.map((line) => line.name).join();

/**
 * Whether a model composes for other lines than a piece has, drums of another model counted in.
 * @param {Piece} open
 * @param {Model} model
 */
export const isForOthers = (open, model) => named(open.lines) !== model.voices.join() && !hasDrums(open, model);

/**
 * Whether a piece has a model's lines and the drums that another one plays to them.
 * @param {Piece} open
 * @param {Model} model
 */
export const hasDrums = (open, model) =>
  model.drums !== null && named(open.lines) === named([...model.lines, ...model.drums.lines]);

/**
 * Give the piece these drums, to be composed, or take them away; all other lines stay.
 * @param {Piece} draft
 * @param {Model} model
 * @param {boolean} wanted
 */
export function setDrums(draft, model, wanted) {
  const own = draft.lines.slice(0, model.lines.length);
  draft.lines = wanted ? [...own, ...structuredClone(model.drums?.lines ?? [])] : own;
  draft.take = null;
  draft.starred = [];
}

/**
 * Give the piece the lines of a model; `leads` is the line of the piece that has its melody.
 * @param {Piece} draft
 * @param {Model} model
 * @param {number} leads
 */
export function recast(draft, model, leads) {
  const before = draft.lines[leads];
  const lines = structuredClone(model.lines);
  const lead = lines[model.leads];
  if (!before || !lead) return;
  const shift = octaves(before, lead);
  lead.notes = before.notes.map(([start, end, pitch]) => [start, end, pitch + shift]);
  lead.given = before.given;
  lead.locked = before.locked;
  if (draft.played && draft.played.line === leads) {
    draft.played.line = model.leads;
    draft.played.notes = draft.played.notes.map(([start, end, pitch, velocity]) => [start, end, pitch + shift, velocity]);
  } else {
    draft.played = null;
  }
  draft.ensemble = model.ensemble;
  draft.cast = structuredClone(model.cast);
  draft.lines = lines;
  draft.take = null;
  draft.starred = [];
}

/**
 * By how many semitones, whole octaves, the notes lie best in the range of another line.
 * @param {LineDocument} from
 * @param {LineDocument} to
 */
function octaves(from, to) {
  /** @param {number} shift */
  const outside = (shift) =>
    from.notes.filter(([, , pitch]) => pitch + shift < to.low || pitch + shift > to.high).length;
  /** @param {number} shift */
  const fits = (shift) => from.notes.every(([, , pitch]) => pitch + shift >= 0 && pitch + shift <= 127);
  const shifts = [0, -12, 12, -24, 24].filter(fits);
  return shifts.reduce((best, shift) => (outside(shift) < outside(best) ? shift : best), 0);
}
