/** What is done to a selection: bars of some lines, or of all. */
import { emptied, joined, without } from "../lib/line_edits.js";
import { regionName } from "../lib/music.js";
import { edit, give, isGiven } from "./editing.js";
import { piece, selection } from "./piece.js";
import { say } from "./ui.js";

/** @import {LineDocument, Piece, Region, Span} from "../types.js" */

/**
 * The stretches of a line that are composed: neither given nor locked.
 * @param {LineDocument} line
 * @param {number} start
 * @param {number} end
 */
function composedSpans(line, start, end) {
  return [...line.given, ...line.locked].reduce(
    (left, span) => without(left, ...span),
    /** @type {Span[]} */ ([[start, end]]),
  );
}

/**
 * Whether a line is locked, but for what is given of it.
 * @param {Piece} open
 * @param {LineDocument} line
 */
export const isLocked = (open, line) =>
  line.locked.length > 0 && composedSpans(line, 0, open.steps).length === 0;

/** @typedef {"lock" | "unlock" | "release" | "keep" | "clear"} RegionEdit */
/** @type {Record<RegionEdit, {label: string, done: string, edit: (line: LineDocument, region: Region, whole: boolean) => void}>} */
const REGION_EDITS = {
  lock: {
    label: "lock", done: "Locked",
    edit(line, { start, end }) {
      for (const [from, to] of composedSpans(line, start, end)) line.locked = joined(line.locked, from, to);
    },
  },
  unlock: {
    label: "unlock", done: "Unlocked",
    edit(line, { start, end }) {
      line.locked = without(line.locked, start, end);
    },
  },
  release: {
    label: "release", done: "Released, to be composed again",
    edit(line, { start, end }, whole) {
      if (!whole) line.given = without(line.given, start, end);
    },
  },
  keep: {
    label: "keep as given", done: "Given from now on",
    edit: (line, { start, end }) => give(line, start, end),
  },
  clear: {
    label: "clear", done: "Cleared",
    edit(line, { start, end }, whole) {
      line.notes = emptied(line.notes, start, end);
      line.locked = without(line.locked, start, end);
      if (!whole) line.given = without(line.given, start, end);
    },
  },
};

/** Do something to what is selected. @param {RegionEdit} kind */
export function editRegion(kind) {
  const open = piece.value;
  const region = selection.value;
  if (!open || !region) return;
  const { label, done, edit: each } = REGION_EDITS[kind];
  edit(`${label} ${regionName(open, region)}`, (draft) => {
    for (const index of region.lines) each(draft.lines[index], region, isGiven(draft, draft.lines[index]));
  });
  say(`${done}: ${regionName(open, region)}.`);
}
