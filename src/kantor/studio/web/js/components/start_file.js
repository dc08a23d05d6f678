/** A file becomes a piece: dropped anywhere on the page, or chosen. */
import { effect, html, signal, useRef } from "../lib/html.js";
import { piece, uploadPiece } from "../state/piece.js";
import { phase } from "../state/recorder.js";
import { fault, say } from "../state/ui.js";
import { sourceOpen } from "./start_source.js";

const KINDS = ".mid,.midi,.kar,.rmi,.musicxml,.xml,.mxl,.abc";

/** What is read at this moment; empty where nothing is. */
export const reading = signal("");
/** Why the last file could not be read; empty where it could. */
export const refused = signal("");
effect(() => {
  if (piece.value) refused.value = "";
});
/** Whether a file is held above the page. */
export const over = signal(false);

/**
 * Make a piece of a file, and say what was found in it; not while one is read or recorded.
 * @param {File | null | undefined} file
 */
export async function openFile(file) {
  if (!file || reading.value || phase.value !== "idle") return;
  reading.value = file.name;
  refused.value = "";
  try {
    await uploadPiece(file);
    const told = piece.value?.source.messages.length ?? 0;
    const more = told === 1 ? " 1 remark on how it was read." : ` ${told} remarks on how it was read.`;
    const show = { label: "Show", run: () => void (sourceOpen.value = true) };
    say(`${file.name} is open.${told ? more : ""}`, told ? show : undefined);
  } catch (error) {
    refused.value = error instanceof Error ? error.message : String(error);
    fault(error);
  } finally {
    reading.value = "";
  }
}

const holdsFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!holdsFile(event)) return;
  event.preventDefault();
  over.value = true;
});
addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) over.value = false;
});
addEventListener("drop", (event) => {
  over.value = false;
  if (!holdsFile(event)) return;
  event.preventDefault();
  void openFile(event.dataTransfer?.files[0]);
});

export function StartFile() {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  /** @param {Event & {currentTarget: HTMLInputElement}} event */
  const chosen = (event) => {
    void openFile(event.currentTarget.files?.[0]);
    event.currentTarget.value = "";
  };
  return html`<div class="card start_file">
    <h3>Open a file</h3>
    <p>Drop a MIDI, MusicXML or ABC file anywhere. Kantor finds the melody in it.</p>
    <input ref=${input} type="file" accept=${KINDS} class="hidden" tabindex="-1" aria-label="File with a melody" onChange=${chosen} />
    <button onClick=${() => input.current?.click()} disabled=${reading.value !== ""}>Choose a file…</button>
    <p class="note" role="status">${reading.value ? `Reading ${reading.value}…` : html`<span class="fault">${refused.value}</span>`}</p>
  </div>`;
}
