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

/**
 * The lowest and the highest row of the roll. Those from `floor` up are pitches; below stand the
 * drums, by the places of their lines, each with a row of its own.
 */
export const compass = computed(() => {
  const open = piece.value;
  let low = 127;
  let high = 0;
  const lines = open?.lines ?? [];
  const drums = lines.flatMap((line, index) => (line.kind === "drum" ? [index] : []));
  for (const [index, line] of lines.entries()) {
    if (line.kind === "drum") continue;
    low = Math.min(low, line.low);
    high = Math.max(high, line.high);
    for (const note of shownNotes.value[index]) {
      if (note[2] < low) low = note[2];
      if (note[2] > high) high = note[2];
    }
  }
  const floor = Math.max(0, low - 3);
  return { low: floor - drums.length, floor, high: Math.min(127, high + 3), drums };
});

/**
 * The row of a note: its pitch, or that of its drum.
 * @param {number} line
 * @param {number} pitch
 */
export function rowOf(line, pitch) {
  const { floor, drums } = compass.value;
  const place = drums.indexOf(line);
  return place < 0 ? pitch : floor - 1 - place;
}

/** The line of a drum's row; undefined for a pitch. @param {number} row */
export const drumAt = (row) => compass.value.drums[compass.value.floor - 1 - row];

/** @param {number} pitch or a row below */
export const yOf = (pitch) => (compass.value.high - pitch) * row.value;
