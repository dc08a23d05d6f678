/**
 * Records in this browser's storage: of each piece what the server does not have yet, and the
 * steps that can be undone. Every open window writes its own, and takes over those of windows that
 * are gone.
 */

/** @import {Piece} from "../types.js" */
/** @import {Difference} from "./difference.js" */

/** @typedef {{label: string, changes: Difference[]}} Step a change that can be undone */
/**
 * @typedef {{piece: Piece | null, revision: number, past: Step[], future: Step[], at: number}} Kept
 * `piece` is null where the server has it, with that revision.
 */

const PREFIX = "kantor.piece.";
const MOST = 300_000; // characters of the steps of a piece
const PIECES = 10; // whose steps are kept after they are saved
const AGAIN = 300; // milliseconds after which a window that was reloaded is surely gone

/** This window, until it is closed or reloaded. */
const mine = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
void navigator.locks?.request(PREFIX + mine, () => new Promise(() => {}));

/** @param {string} id */
const key = (id) => `${PREFIX}${id}.${mine}`;

/**
 * Keep a record.
 * @param {string} id of the piece
 * @param {Omit<Kept, "at">} kept
 * @returns {boolean} false where the storage is full or forbidden
 */
export function keep(id, kept) {
  const { past, future } = bounded(kept.past, kept.future);
  const text = JSON.stringify({ ...kept, past, future, at: Date.now() });
  for (const spare of [PIECES, 0]) {
    try {
      localStorage.setItem(key(id), text);
      return true;
    } catch {
      tidy(spare);
    }
  }
  return false;
}

/**
 * The latest steps that fit.
 * @param {Step[]} past
 * @param {Step[]} future
 */
function bounded(past, future) {
  let room = MOST;
  /** @param {Step[]} steps */
  const latest = (steps) => {
    let first = steps.length;
    while (first > 0 && (room -= JSON.stringify(steps[first - 1]).length) > 0) first -= 1;
    return steps.slice(first);
  };
  return { past: latest(past), future: latest(future) };
}

/** @param {string} id */
export function forget(id) {
  localStorage.removeItem(key(id));
}

/** Whether this window holds a draft of a piece, and which. @param {string} id */
export function ownDraft(id) {
  return read(key(id))?.piece ?? null;
}

/**
 * The newest record of a piece by this window or by one that is gone; it is this window's then.
 * A draft comes before steps alone.
 * @param {string} id
 * @returns {Promise<Kept | null>}
 */
export async function takeOver(id) {
  const found = (await abandoned()).filter((one) => one.id === id);
  found.sort((one, other) => Number(!!other.kept.piece) - Number(!!one.kept.piece) || other.kept.at - one.kept.at);
  if (found.length === 0) return null;
  for (const one of found) if (one === found[0] || !one.kept.piece) localStorage.removeItem(one.name);
  localStorage.setItem(key(id), JSON.stringify(found[0].kept));
  return found[0].kept;
}

/**
 * The ids of pieces with drafts that no other window looks after.
 * @returns {Promise<string[]>}
 */
export async function draftsLeft() {
  return [...new Set((await abandoned()).filter((one) => one.kept.piece).map((one) => one.id))];
}

/** Drop the oldest records of what is saved. @param {number} [spare] how many are spared */
export function tidy(spare = PIECES) {
  const saved = all().filter((one) => !one.kept.piece);
  saved.sort((one, other) => other.kept.at - one.kept.at);
  for (const one of saved.slice(spare)) localStorage.removeItem(one.name);
}

async function abandoned() {
  const others = all().filter((one) => one.owner !== mine);
  let alive = others.length ? await windows() : new Set();
  if (others.some((one) => alive.has(one.owner))) {
    await new Promise((done) => setTimeout(done, AGAIN));
    alive = await windows();
  }
  return all().filter((one) => one.owner === mine || !alive.has(one.owner));
}

/** The windows that are open; without locks (no secure context) only this one is known. */
async function windows() {
  const held = (await navigator.locks?.query())?.held ?? [];
  return new Set(held.map((lock) => lock.name?.slice(PREFIX.length)));
}

function all() {
  return Object.keys(localStorage)
    .filter((name) => name.startsWith(PREFIX))
    .flatMap((name) => {
      const [id, owner] = name.slice(PREFIX.length).split(".");
      const kept = read(name);
      return kept ? [{ name, id, owner, kept }] : [];
    });
}

/**
 * @param {string} name
 * @returns {Kept | null}
 */
function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}
