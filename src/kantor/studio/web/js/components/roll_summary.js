/** The roll in words, for those who do not see it. */
import { html } from "../lib/html.js";
import { barOf, counted, keyName, noteName } from "../lib/music.js";
import { isGiven } from "../state/editing.js";
import { shownNotes } from "../state/hearing.js";
import { piece } from "../state/piece.js";

export function RollSummary() {
  const open = piece.value;
  if (!open) return null;
  const lines = open.lines.map((line, index) => {
    const pitches = shownNotes.value[index].map((note) => note[2]);
    const { fifths } = open.key;
    let [low, high] = [127, 0];
    for (const pitch of pitches) [low, high] = [Math.min(low, pitch), Math.max(high, pitch)];
    if (line.kind === "drum") return `${line.name}, ${isGiven(open, line) ? "given" : "composed"}: ${counted(pitches.length, "hit")}.`;
    const span = pitches.length ? `${counted(pitches.length, "note")}, ${noteName(low, fifths)} to ${noteName(high, fifths)}` : "empty";
    return `${line.name}, ${isGiven(open, line) ? "given" : "composed"}: ${span}.`;
  });
  return html`<p class="hidden" id="roll_summary">${counted(barOf(open, open.steps - 1), "bar")} of ${open.meter} in ${keyName(open.key)}. ${lines.join(" ")}
    Arrows move the cursor, letters write notes, Alt and arrows move a note, Delete removes it, Shift and arrows select, question mark lists all keys.</p>`;
}
