/**
 * Saving: every change is kept in this browser at once, until the server has it. A server that is
 * lost is asked again; a piece that somebody else changed is not overwritten without asking.
 */
import { Problem, get, send } from "../lib/api.js";
import { applied, differences, same } from "../lib/difference.js";
import { draftsLeft, forget, keep, ownDraft, takeOver, tidy } from "../lib/drafts.js";
import { connected } from "../lib/events.js";
import { batch, effect } from "../lib/html.js";
import { future, past, piece, remember, saving, theirs } from "./opened.js";
import { fault, say } from "./ui.js";

/** @import {Piece} from "../types.js" */

const PAUSE = 400; // milliseconds without a change before it is sent
const LONGEST = 30_000; // milliseconds between two attempts
const LATER = [0, 429, 500, 502, 503, 504];

/** @type {number | undefined} */
let timer;
/** @type {Promise<void>} */
let under = Promise.resolve();
let attempts = 0;
const channel = new BroadcastChannel("kantor.pieces");

/** Keep the piece in this browser, and send it soon. */
export function save() {
  keepHere();
  if (theirs.value) return;
  if (saving.value !== "offline") saving.value = "saving";
  clearTimeout(timer);
  timer = setTimeout(() => void saved(), saving.value === "offline" ? wait() : PAUSE);
}

/** Resolves when the server has what is shown, or does not take it; `saving` says which. */
export function saved() {
  clearTimeout(timer);
  under = under.then(settle);
  return under;
}

const wait = () => Math.min(LONGEST, 1000 * 2 ** attempts);

/** Keep in this browser what is shown, and what can be undone. */
export function keepHere() {
  const now = piece.value;
  if (!now) return;
  const draft = saving.value === "saved" ? null : now;
  const kept = keep(now.id, { piece: draft, revision: now.revision, past: past.value, future: future.value });
  if (!kept && draft) fault("This browser's storage is full: do not close this window before it says “saved”.");
  onbeforeunload = kept || !draft ? null : (event) => event.preventDefault();
}

async function settle() {
  while (piece.value && saving.value !== "saved" && !theirs.value) {
    const sent = piece.value;
    try {
      took(sent, await put(sent));
    } catch (error) {
      if (piece.value?.id !== sent.id) return;
      if (await refused(sent, error)) return;
    }
  }
}

/** @param {Piece} sent */
function put(sent) {
  return send("PUT", `/api/pieces/${sent.id}`, sent, { "if-match": `"${sent.revision}"` });
}

/**
 * The server has what was sent.
 * @param {Piece} sent
 * @param {{revision: number, changed: string}} answer
 */
function took(sent, answer) {
  attempts = 0;
  channel.postMessage({ id: sent.id, revision: answer.revision });
  const now = piece.value;
  if (now?.id !== sent.id) {
    if (same(ownDraft(sent.id), sent)) forget(sent.id);
    return;
  }
  batch(() => {
    if (saving.value === "offline") say("Saved again.");
    saving.value = same(now, sent) ? "saved" : "saving";
    piece.value = { ...now, revision: answer.revision, changed: answer.changed };
  });
  keepHere();
}

/**
 * What to do after a refusal.
 * @param {Piece} sent
 * @param {unknown} error
 * @returns {Promise<boolean>} false: try again at once
 */
async function refused(sent, error) {
  const status = error instanceof Problem ? error.status : -1;
  if (status === 412 || status === 404) {
    try {
      return status === 412 ? await stale(sent) : await restored(sent);
    } catch (more) {
      return refused(sent, more instanceof Problem && more.status === 404 ? new Error(more.message) : more);
    }
  }
  if (LATER.includes(status)) {
    if (saving.value !== "offline") fault(error);
    saving.value = "offline";
    clearTimeout(timer);
    timer = setTimeout(() => void saved(), wait());
    attempts += 1;
  } else {
    saving.value = "refused";
    fault(error);
  }
  return true;
}

/**
 * Somebody else changed it, unless an earlier answer to this window was lost.
 * @param {Piece} sent
 * @returns {Promise<boolean>}
 */
async function stale(sent) {
  const other = await get(`/api/pieces/${sent.id}`);
  if (sameMusic(other, sent)) {
    took(sent, other);
    return false;
  }
  disagree(other);
  return true;
}

/**
 * It was deleted meanwhile: bring it back from the bin.
 * @param {Piece} sent
 * @returns {Promise<boolean>}
 */
async function restored(sent) {
  const back = await send("POST", `/api/bin/${sent.id}/restore`);
  say("This piece had been deleted; it is back.");
  if (piece.value) piece.value = { ...piece.value, revision: back.revision };
  return false;
}

/** What the server writes itself. @param {Piece} one */
const asMade = (one) => ({ ...one, revision: 0, changed: "", history: [] });

/**
 * Whether two versions differ in nothing that a person made.
 * @param {Piece} one
 * @param {Piece} other
 */
export const sameMusic = (one, other) => same(asMade(one), asMade(other));

/** Ask which version is meant. @param {Piece} other the server's */
export function disagree(other) {
  batch(() => {
    theirs.value = other;
    saving.value = "conflict";
  });
  keepHere();
}

/** Save the version of this window over that of the server. */
export function keepMine() {
  const other = theirs.value;
  if (!other || !piece.value) return;
  piece.value = { ...piece.value, revision: other.revision };
  theirs.value = null;
  saving.value = "saving";
  save();
}

/** Show the server's version; what was here can be brought back by undo. */
export function loadTheirs() {
  const other = theirs.value;
  if (!other) return;
  receive("load the other version", other);
  say("The other version is shown. Undo brings yours back.");
}

/**
 * Show what the server made of the piece and has already (more bars, the source read anew); it can
 * be undone like any change.
 * @param {string} label
 * @param {Piece} next
 */
export function receive(label, next) {
  const now = piece.value;
  if (now?.id !== next.id) return;
  const { revision, changed, history } = next;
  const changes = differences(now, { ...next, revision: now.revision, changed: now.changed, history: now.history });
  batch(() => {
    remember(label, changes);
    piece.value = { ...applied(now, changes), revision, changed, history };
    theirs.value = null;
    saving.value = "saved";
  });
  keepHere();
}

/** Send the drafts of pieces that are not open; what somebody else changed waits until it is opened. */
export function saveDrafts() {
  under = under.then(sendDrafts);
}

async function sendDrafts() {
  for (const id of await draftsLeft()) {
    if (piece.value?.id === id) continue;
    const kept = await takeOver(id);
    if (!kept?.piece) continue;
    try {
      took(kept.piece, await put(kept.piece));
    } catch (error) {
      if (error instanceof Problem && LATER.includes(error.status)) return;
      say(`“${kept.piece.title}” has changes that could not be saved. Open it to save them.`);
    }
  }
}

/** Save what is left from before, and again whenever the server is back. */
export function startSaving() {
  tidy();
  const back = () => {
    attempts = 0;
    if (saving.value === "offline") void saved();
    saveDrafts();
  };
  addEventListener("online", back);
  effect(() => {
    if (connected.value) back();
  });
}

/** Be told of pieces that another window saved. @param {(id: string, revision: number) => void} listener */
export function onSavedElsewhere(listener) {
  channel.onmessage = (event) => listener(event.data.id, event.data.revision);
}
