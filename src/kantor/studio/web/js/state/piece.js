/**
 * The open piece: changed by `change` alone, which can be undone, and saved as it is made.
 * Values are never mutated in place: `change` hands out a copy.
 */
import { Problem, request, send, get } from "../lib/api.js";
import { applied, differences } from "../lib/difference.js";
import { takeOver } from "../lib/drafts.js";
import { batch, effect } from "../lib/html.js";
import { future, past, piece, preview, remember, saving, selection, takes, theirs } from "./opened.js";
import { disagree, keepHere, onSavedElsewhere, sameMusic, save, saveDrafts, saved } from "./saving.js";
import { fault, go, path, registerShortcuts, say } from "./ui.js";

export { canRedo, canUndo, future, past, piece, saving, selection, takes } from "./opened.js";
export { receive, saved } from "./saving.js";

/** @import {Piece, Take} from "../types.js" */
/** @import {Kept} from "../lib/drafts.js" */

const EVENTS = 1000; // lines of its history

/**
 * Change the piece: `edit` changes a copy. With `quiet` it cannot be undone (how it is played);
 * with `join` it is undone with the change before.
 * @param {string} label such as "move a note"
 * @param {(draft: Piece) => void} edit
 * @param {{quiet?: boolean, join?: boolean}} [how]
 */
export function change(label, edit, how = {}) {
  const before = piece.value;
  if (!before) return;
  const draft = structuredClone(before);
  edit(draft);
  const changes = differences(before, draft);
  if (changes.length === 0) return;
  batch(() => {
    if (!how.quiet) remember(label, changes, how.join);
    piece.value = noted(applied(before, changes), how.quiet || how.join ? "" : label);
    if (saving.value === "saved") saving.value = "saving";
  });
  save();
}

/**
 * With one more line in its history, unless it says again what the last one does.
 * @param {Piece} one
 * @param {string} what
 * @returns {Piece}
 */
function noted(one, what) {
  if (!what || one.history.at(-1)?.what === what) return one;
  const at = `${new Date().toISOString().slice(0, 19)}+00:00`;
  return { ...one, history: [...one.history.slice(1 - EVENTS), { at, what: what.slice(0, 300) }] };
}

export function undo() {
  step(past, future, "Undone");
}

export function redo() {
  step(future, past, "Redone");
}

/**
 * @param {typeof past} from
 * @param {typeof past} to
 * @param {"Undone" | "Redone"} what
 */
function step(from, to, what) {
  const last = from.value.at(-1);
  const now = piece.value;
  if (!last || !now) return;
  batch(() => {
    from.value = from.value.slice(0, -1);
    to.value = [...to.value, last];
    piece.value = noted(applied(now, last.changes, what === "Undone"), `${what.toLowerCase()}: ${last.label}`);
    preview.value = null;
    if (saving.value === "saved") saving.value = "saving";
  });
  save();
  say(`${what}: ${last.label}.`);
}

// A selection stays within the piece.
effect(() => {
  const chosen = selection.value;
  const open = piece.value;
  if (!chosen) return;
  const fits = open && chosen.start < open.steps && chosen.lines.every((line) => line < open.lines.length);
  if (!fits) selection.value = null;
  else if (chosen.end > open.steps) selection.value = { ...chosen, end: open.steps };
});

// A take on trial is one of those that there are.
effect(() => {
  const there = takes.value.some((take) => take.number === preview.value);
  if (preview.value !== null && !there) preview.value = null;
});

/**
 * Show a piece that the server has.
 * @param {Piece} shown
 * @param {Take[]} [its]
 */
export function show(shown, its = []) {
  present(shown, its, null, "saved");
}

/**
 * @param {Piece} shown
 * @param {Take[]} its
 * @param {Kept | null} kept with the steps that led to what is shown
 * @param {"saved" | "saving"} state
 */
function present(shown, its, kept, state) {
  const leaving = piece.value?.id !== shown.id && saving.value !== "saved";
  batch(() => {
    piece.value = shown;
    takes.value = its;
    selection.value = null;
    preview.value = null;
    past.value = kept?.past ?? [];
    future.value = kept?.future ?? [];
    saving.value = state;
    theirs.value = null;
    go(`/?piece=${shown.id}`, path.value === "/");
  });
  keepHere();
  if (leaving) saveDrafts();
}

/** @param {string} id */
export async function openPiece(id) {
  const kept = await takeOver(id);
  let shown, its;
  /** @type {unknown} */
  let wrong = null;
  try {
    [shown, its] = await Promise.all([
      get(`/api/pieces/${id}`),
      get(`/api/pieces/${id}/takes`).catch((error) => {
        wrong = error; // the piece is opened without its takes
        return [];
      }),
    ]);
  } catch (error) {
    if (!kept?.piece || !(error instanceof Problem) || error.status !== 0) throw error;
    [shown, its] = [kept.piece, []];
  }
  const draft = kept?.piece;
  if (draft && (draft === shown || !sameMusic(draft, shown))) {
    present(draft, its, kept, "saving");
    save();
    if (draft.revision !== shown.revision) disagree(shown);
    else say("Changes that had not been saved are back.");
  } else {
    present(shown, its, draft || kept?.revision === shown.revision ? kept : null, "saved");
  }
  if (wrong && !(wrong instanceof Problem && wrong.status === 0)) fault(wrong);
}

/**
 * Make a piece: from a sample, a form or a recording (`POST /api/pieces`).
 * @param {unknown} json
 */
export async function createPiece(json) {
  show(await send("POST", "/api/pieces", json));
}

/**
 * Make a piece of a file.
 * @param {File} file
 * @param {Record<string, string>} [options] such as {track: "2"}
 */
export async function uploadPiece(file, options = {}) {
  const query = new URLSearchParams({ name: file.name, ...options });
  const answer = await request("POST", `/api/pieces/file?${query}`, { body: file });
  show(await answer.json());
}

export async function closePiece() {
  await saved();
  batch(() => {
    piece.value = null;
    takes.value = [];
    selection.value = null;
    preview.value = null;
    past.value = [];
    future.value = [];
    saving.value = "saved";
    theirs.value = null;
  });
  if (path.value === "/") go("/", true);
}

/** Show what the address names; for the browser's back and forward, and at the start. */
export async function followAddress() {
  const id = new URLSearchParams(location.search).get("piece");
  if (location.pathname !== "/" || id === (piece.value?.id ?? null)) return;
  try {
    await (id ? openPiece(id) : closePiece());
  } catch (error) {
    fault(error);
    if (!piece.value) go("/", true);
  }
}

addEventListener("popstate", () => void followAddress());

onSavedElsewhere((id, revision) => {
  const open = piece.value;
  if (open?.id !== id || revision <= open.revision || saving.value !== "saved") return;
  openPiece(id).then(() => say("Changed in another window; it is shown here as well."), fault);
});

const group = "Everywhere";
registerShortcuts([
  { keys: "Ctrl+Z", what: "Undo", group, run: undo },
  { keys: "Ctrl+Shift+Z", what: "Redo", group, run: redo },
  { keys: "Ctrl+Y", what: "Redo", group, run: redo },
  { keys: "Ctrl+S", what: "Save now (everything is saved by itself)", group, run: () => void saved() },
]);
