/** What is heard: the piece, or a take of it on trial, as notes for the synthesizer. */
import { computed } from "../lib/html.js";
import { swingOf, velocity } from "../lib/swing.js";
import { withTake } from "../lib/taking.js";
import { between } from "./as_played.js";
import { piece, preview, takes } from "./opened.js";

export { preview } from "./opened.js";

/** @import {Hearing, NoteSpan, Piece} from "../types.js" */

/** Each line's notes as shown and heard: the piece's, with the take on trial in it. */
export const shownNotes = computed(() => {
  const open = piece.value;
  if (!open) return [];
  const take = takes.value.find((one) => one.number === preview.value);
  return take ? withTake(open, take) : open.lines.map((line) => line.notes);
});

/** @type {import("@preact/signals").ReadonlySignal<Hearing | null>} */
export const hearing = computed(() => (piece.value ? hearingOf(piece.value, shownNotes.value) : null));

/**
 * @param {Piece} open
 * @param {NoteSpan[][]} notes
 * @returns {Hearing}
 */
export function hearingOf(open, notes) {
  const solo = open.lines.some((line) => line.solo);
  return {
    steps: open.steps,
    tempo: open.tempo,
    tempi: open.tempi,
    swing: swingOf(open),
    lines: open.lines.map((line, index) => ({
      program: line.program,
      pan: line.pan,
      volume: line.volume * line.level,
      silent: line.muted || (solo && !line.solo),
      drum: line.kind === "drum",
      notes:
        open.played?.line === index
          ? between(open.played, notes[index])
          : notes[index].map(([start, end, pitch]) => [start, end, pitch, velocity(open, start, index)]),
    })),
  };
}
