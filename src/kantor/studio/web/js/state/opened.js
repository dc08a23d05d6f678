/** The signals of the open piece; they are changed by `piece.js` and `saving.js` alone. */
import { batch, computed, signal } from "../lib/html.js";

/** @import {Piece, Region, Take} from "../types.js" */
/** @import {Step} from "../lib/drafts.js" */
/** @import {Difference} from "../lib/difference.js" */

const KEPT = 200; // steps that can be undone

/** @type {import("@preact/signals").Signal<Piece | null>} */
export const piece = signal(null);
/** @type {import("@preact/signals").Signal<Take[]>} */
export const takes = signal([]);
/** @type {import("@preact/signals").Signal<Region | null>} what is selected, in steps and lines */
export const selection = signal(null);
/** @type {import("@preact/signals").Signal<number | null>} the take that is looked at and heard */
export const preview = signal(null);

/** @type {import("@preact/signals").Signal<Step[]>} what can be undone, the last one last */
export const past = signal([]);
/** @type {import("@preact/signals").Signal<Step[]>} what can be redone, the next one last */
export const future = signal([]);
export const canUndo = computed(() => past.value.length > 0);
export const canRedo = computed(() => future.value.length > 0);

/**
 * Whether the server has what is shown. "offline": it does not answer; "conflict": somebody else
 * changed the piece; "refused": the server will not have it as it is. Then the browser keeps it.
 * @type {import("@preact/signals").Signal<"saved" | "saving" | "offline" | "conflict" | "refused">}
 */
export const saving = signal("saved");
/** @type {import("@preact/signals").Signal<Piece | null>} the server's version, where both changed */
export const theirs = signal(null);

/**
 * Make a step of changes, which can be undone, or with `join` a part of the step before.
 * @param {string} label
 * @param {Difference[]} changes
 * @param {boolean} [join]
 */
export function remember(label, changes, join = false) {
  if (changes.length === 0) return;
  const last = join ? past.value.at(-1) : undefined;
  batch(() => {
    past.value = last
      ? [...past.value.slice(0, -1), { label, changes: [...last.changes, ...changes] }]
      : [...past.value.slice(1 - KEPT), { label, changes }];
    future.value = [];
  });
}
