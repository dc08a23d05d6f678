/** All pieces that are kept, and those in the bin. */
import { get, send } from "../lib/api.js";
import { on } from "../lib/events.js";
import { batch, signal } from "../lib/html.js";
import { change, closePiece, piece } from "./piece.js";
import { fault, question, say } from "./ui.js";

/** @import {PieceSummary} from "../types.js" */

const PAUSE = 200; // milliseconds: of several changes the last one counts

/** @type {import("@preact/signals").Signal<PieceSummary[] | null>} null until they are known */
export const pieces = signal(null);
/** @type {import("@preact/signals").Signal<PieceSummary[] | null>} */
export const binned = signal(null);

export async function loadLibrary() {
  try {
    const [kept, deleted] = await Promise.all([get("/api/pieces"), get("/api/bin")]);
    batch(() => {
      pieces.value = kept.map(asOpen);
      binned.value = deleted;
    });
  } catch (error) {
    fault(error);
  }
}

/** With the title that it has here, if it is open: that may not be sent yet. @param {PieceSummary} one */
const asOpen = (one) => (piece.value?.id === one.id ? { ...one, title: piece.value.title } : one);

/**
 * Show what other windows do as well, a moment later.
 * @returns {() => void} ends it
 */
export function followLibrary() {
  let due = 0;
  const end = on("pieces", () => {
    clearTimeout(due);
    due = window.setTimeout(() => void loadLibrary(), PAUSE);
  });
  return () => {
    clearTimeout(due);
    end();
  };
}

/**
 * Do something to the pieces, show how they stand then, and say so.
 * @param {() => Promise<unknown>} act
 * @param {() => void} [told]
 */
async function doing(act, told) {
  try {
    await act();
    told?.();
  } catch (error) {
    fault(error);
  }
  await loadLibrary();
}

/**
 * @param {PieceSummary} one
 * @param {string} title
 */
export function rename(one, title) {
  if (pieces.value) pieces.value = pieces.value.map((other) => (other.id === one.id ? { ...one, title } : other));
  if (piece.value?.id === one.id) {
    change("rename the piece", (draft) => void (draft.title = title));
    return Promise.resolve();
  }
  return doing(() => send("PATCH", `/api/pieces/${one.id}`, { title }));
}

/** @param {PieceSummary} one */
export const duplicate = (one) =>
  doing(() => send("POST", `/api/pieces/${one.id}/duplicate`), () => say(`“${one.title}” was duplicated.`));

/** Put a piece into the bin; it can be undone. @param {PieceSummary} one */
export function remove(one) {
  const undo = { label: "Undo", run: () => void restore(one) };
  return doing(
    async () => {
      if (piece.value?.id === one.id) await closePiece();
      await send("DELETE", `/api/pieces/${one.id}`);
    },
    () => say(`“${one.title}” is in the bin.`, undo),
  );
}

/** @param {PieceSummary} one */
export const restore = (one) =>
  doing(() => send("POST", `/api/bin/${one.id}/restore`), () => say(`“${one.title}” is back.`));

/** Delete a piece for good, after asking. @param {PieceSummary} one */
export function destroy(one) {
  const run = () =>
    void doing(() => send("DELETE", `/api/bin/${one.id}`), () => say(`“${one.title}” was deleted for good.`));
  const text = `“${one.title}” and its takes cannot be brought back then.`;
  question.value = { title: "Delete for good?", text, yes: "Delete for good", run };
}

/** @type {Record<string, [label: string, order: (one: PieceSummary, other: PieceSummary) => number]>} */
export const ORDERS = {
  changed: ["Last changed", (one, other) => other.changed.localeCompare(one.changed)],
  created: ["Newest", (one, other) => other.created.localeCompare(one.created)],
  title: ["Title", (one, other) => one.title.localeCompare(other.title, undefined, { numeric: true })],
  bars: ["Length", (one, other) => other.bars - one.bars],
  key: ["Key", (one, other) => one.key.localeCompare(other.key)],
};

/**
 * The pieces in whose title, key or meter all the words occur, in order.
 * @param {PieceSummary[]} all
 * @param {string} search
 * @param {string} order a key of `ORDERS`
 */
export function chosen(all, search, order) {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return all
    .filter((one) => {
      const text = `${one.title} ${one.key} ${one.meter}`.toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort(ORDERS[order][1]);
}
