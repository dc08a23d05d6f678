/** Asking for takes, and what is done with them: hear, use, star, compare. */
import { Problem, request, send } from "../lib/api.js";
import { batch, computed, effect, signal } from "../lib/html.js";
import { kept } from "../lib/kept.js";
import { counted, regionName } from "../lib/music.js";
import { freeCells, withTake } from "../lib/taking.js";
import { piece, preview, saving, selection, takes } from "./opened.js";
import { change, receive, saved, undo } from "./piece.js";
import { play, playing, seek, stop } from "./transport.js";
import { fault, registerShortcuts, say } from "./ui.js";

/** @import {Piece, Region, Take} from "../types.js" */

/** How many takes are asked for at once. */
export const count = kept("takes", 3);
/** @type {import("@preact/signals").Signal<{what: string, began: number, stop: AbortController} | null>} */
export const composing = signal(null);
/** @type {import("@preact/signals").Signal<number | null>} the take that was heard last, to compare with */
export const lastHeard = signal(null);
/** Whether the earlier requests' takes are shown. */
export const earlierShown = signal(false);

/** @typedef {{label: string, region: Region | null, free: number, empty: boolean}} Plan */

/** @type {import("@preact/signals").ReadonlySignal<Plan | null>} what the button would do */
export const plan = computed(() => (piece.value ? planOf(piece.value, selection.value, count.value) : null));

/**
 * @param {Piece} open
 * @param {Region | null} region
 * @param {number} takes
 * @returns {Plan}
 */
export function planOf(open, region, takes) {
  const all = open.lines.map((_, index) => index);
  const { free, notes } = freeCells(open, region ?? { start: 0, end: open.steps, lines: all });
  const empty = notes === 0;
  const many = counted(takes, "take");
  if (!region) return { label: free ? `Compose ${many}` : "Nothing left to compose", region, free, empty };
  const where = regionName(open, region);
  const label = free ? `Compose ${where}${empty ? "" : " again"}` : `Nothing to compose in ${where}`;
  return { label, region, free, empty };
}

/** The takes of each request, the newest request first. */
export const requests = computed(() => {
  /** @type {Take[][]} */
  const groups = [];
  for (const take of takes.value) {
    if (take.notes.length !== piece.value?.lines.length) continue; // of other lines than it has now
    if (take.index === 0 || groups.length === 0) groups.push([]);
    /** @type {Take[]} */ (groups.at(-1)).push(take);
  }
  return groups.reverse();
});

/** Those that keys 1 to 9 mean, in the order in which they are shown. */
export const shownTakes = computed(() => requests.value.slice(0, earlierShown.value ? undefined : 1).flat());

/** Compose what is selected, or all that is left. A take on trial is used first where a part is selected. */
export async function compose() {
  const planned = plan.value;
  if (!planned || composing.value) return;
  if (!planned.free) return say(`${planned.label}: everything there is given or locked.`);
  if (planned.region && preview.value !== null) adopt(preview.value);
  await ask(planned.region, planned.empty, planned.label);
}

/**
 * Make the piece longer, and compose the new bars.
 * @param {4 | 8} bars
 */
export async function continueBy(bars) {
  const before = piece.value;
  if (!before || composing.value) return;
  if (preview.value !== null) adopt(preview.value);
  await saved();
  const open = piece.value;
  if (!open || saving.value !== "saved") return;
  try {
    const longer = await send("POST", `/api/pieces/${open.id}/continuation`, { bars }, { "if-match": `"${open.revision}"` });
    receive(`continue by ${bars} bars`, longer);
  } catch (error) {
    fault(error);
    return;
  }
  const now = piece.value;
  if (!now) return;
  const region = { start: open.steps, end: now.steps, lines: now.lines.map((_, index) => index) };
  await ask(region, true, `Compose ${regionName(now, region)}`);
}

/** Give up what is being composed. */
export function cancel() {
  composing.value?.stop.abort();
}

// Another piece was opened: nobody waits for the takes of this one.
/** @type {string | undefined} */
let open;
effect(() => {
  const id = piece.value?.id;
  if (id === open) return;
  open = id;
  composing.peek()?.stop.abort();
  batch(() => {
    lastHeard.value = null;
    earlierShown.value = false;
  });
});

/**
 * @param {Region | null} region
 * @param {boolean} empty whether nothing was composed there before
 * @param {string} what
 */
async function ask(region, empty, what) {
  const under = { what, began: Date.now(), stop: new AbortController() };
  composing.value = under;
  try {
    await saved();
    const now = piece.value;
    if (!now || under.stop.signal.aborted) return;
    if (saving.value !== "saved") throw new Problem(0, "The piece is not saved yet, so it cannot be composed. Try again when the header says “saved”.");
    const answer = await request("POST", `/api/pieces/${now.id}/takes`, {
      json: { takes: count.value, region },
      headers: { "if-match": `"${now.revision}"` },
      signal: under.stop.signal,
    });
    /** @type {Take[]} */
    const made = await answer.json();
    if (piece.value?.id === now.id) show(made, empty);
  } catch (error) {
    if (under.stop.signal.aborted) say("Stopped. Nothing was changed.");
    else fault(error);
  } finally {
    if (composing.value === under) composing.value = null;
  }
}

/**
 * New takes: the first one is used where there was nothing, else it is put on trial.
 * @param {Take[]} made
 * @param {boolean} empty
 */
function show(made, empty) {
  const first = made[0].number;
  const ready = made.length === 1 ? "1 take is ready" : `${made.length} takes ready`;
  const keys = made.length === 1 ? "1 plays it" : `1 to ${made.length} play them`;
  batch(() => {
    takes.value = [...takes.value, ...made];
    if (empty) use(first);
    else preview.value = first;
    lastHeard.value = first;
  });
  if (playing.peek()) stop();
  say(
    empty
      ? `${ready}. Take ${first} is in the piece; ${keys}.`
      : `${ready}. Take ${first} is on trial: “Use this” keeps it. ${keys}; C compares.`,
  );
}

/** @param {number} number */
const takeOf = (number) => takes.peek().find((take) => take.number === number);

/** Put a take on trial and play it; the one that plays is stopped. @param {number} number */
export async function hear(number) {
  const take = takeOf(number);
  const now = piece.value;
  if (!take || !now) return;
  if (preview.value === number && playing.value) return stop();
  batch(() => {
    preview.value = now.take === number && isUsed(now, take) ? null : number;
    lastHeard.value = number;
  });
  if (!playing.value) {
    seek(take.region ? take.region.start : 0);
    await play();
  }
  say(`Take ${number}${take.character ? `: ${take.character}` : ""}.`);
}

/**
 * Whether the piece is as it is with the take.
 * @param {Piece} now
 * @param {Take} take
 */
export function isUsed(now, take) {
  return JSON.stringify(withTake(now, take)) === JSON.stringify(now.lines.map((line) => line.notes));
}

/** @param {number} number */
function use(number) {
  const take = takeOf(number);
  const now = piece.value;
  if (!take || !now) return;
  const notes = withTake(now, take);
  change(`use take ${number}`, (draft) => {
    for (const [index, line] of draft.lines.entries()) line.notes = notes[index];
    draft.take = number;
  });
  preview.value = null;
}

/** Put a take's notes into the piece. @param {number} number */
export function adopt(number) {
  use(number);
  lastHeard.value = number;
  say(`Take ${number} is in the piece. Undo brings back what was there.`, { label: "Undo", run: undo });
}

/** Leave the take on trial. */
export function leave() {
  if (preview.value === null) return;
  preview.value = null;
  say("The piece as it is.");
}

/** @param {number} number */
export function star(number) {
  const starred = piece.value?.starred.includes(number);
  change(`${starred ? "unstar" : "star"} take ${number}`, (draft) => {
    draft.starred = starred ? draft.starred.filter((one) => one !== number) : [...draft.starred, number];
  });
  say(`Take ${number} ${starred ? "has no star any more" : "has a star"}.`);
}

/** Change between the piece and the take that was heard last. */
export function compare() {
  const number = lastHeard.value;
  if (number === null || !takeOf(number)) return say("Hear a take first: keys 1 to 9.");
  preview.value = preview.value === null ? number : null;
  say(preview.value === null ? "The piece." : `Take ${number}.`);
}

const group = "Composing";
registerShortcuts([
  { keys: "G", what: "Compose, or compose what is selected again", group, run: () => (piece.value ? void compose() : false) },
  { keys: "Escape", what: "Stop composing", group, run: () => (composing.value ? cancel() : false) },
  { keys: "C", what: "Compare: the piece, or the take heard last", group, run: () => (takes.value.length ? compare() : false) },
  { keys: "U", what: "Use the take on trial", group, run: () => (preview.value === null ? false : adopt(preview.value)) },
  ...Array.from({ length: 9 }, (_, index) => ({
    keys: String(index + 1),
    what: "Hear a take of those shown",
    group,
    run: () => (shownTakes.value[index] ? void hear(shownTakes.value[index].number) : false),
  })),
]);
