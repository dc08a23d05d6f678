/** The engraved score of what is shown: asked for part by part, and again when it has changed. */
import { get } from "../lib/api.js";
import { batch, signal } from "../lib/html.js";
import { fault } from "./ui.js";

/** @import {Span} from "../types.js" */

/**
 * What is to be engraved.
 * @typedef {{id: string, revision: number, take: number | null, width: number, layout: string}} Order
 */
/** @typedef {{key: string, svg: string}} Part */

/** @type {import("@preact/signals").Signal<"open" | "closed">} a staff for each line, or for two */
export const layout = signal(localStorage.getItem("score.layout") === "closed" ? "closed" : "open");
layout.subscribe((kind) => localStorage.setItem("score.layout", kind));
/** @type {import("@preact/signals").Signal<boolean>} whether dragging selects one voice */
export const oneVoice = signal(false);
/** @type {import("@preact/signals").Signal<Span[]>} where the parts begin and end */
export const spans = signal([]);
/** @type {import("@preact/signals").Signal<Map<number, Part>>} */
export const parts = signal(new Map());
/** @type {import("@preact/signals").Signal<string>} why there is no score */
export const refusal = signal("");

/** @type {Order | null} */
let order = null;
let shown = ""; // the id of the piece that is or was shown
let wanted = new Set([0]);
let asked = new AbortController();

/**
 * Engrave something else; what is there stays until the new score is.
 * @param {Order} next
 */
export function engrave(next) {
  if (shown !== next.id) {
    shown = next.id;
    wanted = new Set([0]);
    batch(() => {
      spans.value = [];
      parts.value = new Map();
    });
  }
  order = next;
  asked.abort();
  asked = new AbortController();
  for (const part of wanted) void ask(part, asked.signal);
}

/**
 * A part has come into sight, or has gone out of it.
 * @param {number} part
 * @param {boolean} seen
 */
export function sighted(part, seen) {
  if (seen && !wanted.has(part)) void ask(part, asked.signal);
  if (seen) wanted.add(part);
  else if (wanted.delete(part) && spans.value.length > 3) {
    const left = new Map(parts.value);
    left.delete(part);
    parts.value = left;
  }
}

/** Forget the score, as when another view is shown. */
export function leave() {
  asked.abort();
  order = null;
}

/**
 * @param {number} part
 * @param {AbortSignal} signal
 */
async function ask(part, signal) {
  if (!order) return;
  const { id, take, width, layout: kind } = order;
  const query = new URLSearchParams({ page: String(part), width: String(width), layout: kind });
  if (take !== null) query.set("take", String(take));
  try {
    const made = await get(`/api/pieces/${id}/notation?${query}`, signal);
    if (signal.aborted) return;
    batch(() => {
      refusal.value = "";
      if (JSON.stringify(made.pages) !== JSON.stringify(spans.value)) spans.value = made.pages;
      if (parts.value.get(part)?.key === made.key) return;
      const others = [...parts.value].filter(([other]) => other < made.pages.length);
      parts.value = new Map([...others, [part, { key: made.key, svg: made.svg }]]);
    });
  } catch (error) {
    if (signal.aborted) return;
    if (part >= spans.value.length && part > 0) return void wanted.delete(part);
    refusal.value = error instanceof Error ? error.message : String(error);
    fault(error);
  }
}
