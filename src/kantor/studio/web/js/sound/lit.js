/** The keys that light up while the piece plays: what its given voice sounds. */
import { effect, signal } from "../lib/html.js";
import { shownNotes } from "../state/hearing.js";
import { piece } from "../state/piece.js";
import { onFrame, playing } from "../state/transport.js";

/** @type {import("@preact/signals").Signal<ReadonlySet<number>>} */
export const lit = signal(new Set());

onFrame((step) => {
  if (!playing.peek()) return;
  const lines = piece.peek()?.lines ?? [];
  const given = Math.max(0, lines.findIndex((line) => line.given.length > 0));
  const note = shownNotes.peek()[given]?.find(([start, end]) => start <= step && step < end);
  const shown = lit.peek();
  if (note ? !shown.has(note[2]) : shown.size) lit.value = new Set(note ? [note[2]] : []);
});

effect(() => {
  if (!playing.value && lit.peek().size) lit.value = new Set();
});
