/** The names of the chords of what is shown. */
import { get } from "../lib/api.js";
import { effect, signal } from "../lib/html.js";
import { preview } from "./hearing.js";
import { piece } from "./piece.js";

/** @typedef {{step: number, text: string}} ChordName */

/** @type {import("@preact/signals").Signal<ChordName[]>} */
export const chords = signal([]);

/** Keep them up to date; the answer ends it. */
export function followChords() {
  let asked = new AbortController();
  let before = "";
  const end = effect(() => {
    const open = piece.value;
    const what = open ? `${open.id} ${open.revision} ${preview.value}` : "";
    if (what === before) return;
    if (open?.id !== before.split(" ")[0]) chords.value = [];
    before = what;
    asked.abort();
    if (!open) return;
    asked = new AbortController();
    const { signal: stopped } = asked;
    const take = preview.value === null ? "" : `?take=${preview.value}`;
    get(`/api/pieces/${open.id}/chords${take}`, stopped).then(
      (names) => void (chords.value = names),
      () => undefined, // what was shown stays; saving tells what is wrong
    );
  });
  return () => {
    asked.abort();
    end();
  };
}
