/** How the piece is looked at: as roll or score, how near, and which part of it is drawn. */
import { computed, signal } from "../lib/html.js";
import { shownNotes } from "./hearing.js";
import { piece } from "./piece.js";

/** @type {import("@preact/signals").Signal<"roll" | "score">} */
export const stageView = signal(localStorage.getItem("stage") === "score" ? "score" : "roll");
stageView.subscribe((view) => localStorage.setItem("stage", view));

const NEAREST = 40;
const FARTHEST = 0.5;
/** Pixels a step. */
export const zoom = signal(7);
/** Pixels a semitone: less where a mouse points on a low screen. */
export const row = signal(matchMedia("(pointer: fine) and (max-height: 1000px)").matches ? 8 : 10);
/** @type {import("@preact/signals").Signal<[number, number]>} the steps that are drawn */
export const drawn = signal([0, 400]);

/** @param {number} factor */
export function zoomBy(factor) {
  zoom.value = Math.min(NEAREST, Math.max(FARTHEST, zoom.value * factor));
}

/** The lowest and the highest pitch of the roll. */
export const compass = computed(() => {
  const open = piece.value;
  let low = 127;
  let high = 0;
  for (const [index, line] of (open?.lines ?? []).entries()) {
    low = Math.min(low, line.low);
    high = Math.max(high, line.high);
    for (const note of shownNotes.value[index]) {
      if (note[2] < low) low = note[2];
      if (note[2] > high) high = note[2];
    }
  }
  return { low: Math.max(0, low - 3), high: Math.min(127, high + 3) };
});

/** @param {number} pitch */
export const yOf = (pitch) => (compass.value.high - pitch) * row.value;
