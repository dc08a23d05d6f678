/** Where the piece comes from, what was found in it, and other ways to read it. */
import { request } from "../lib/api.js";
import { html, signal, useSignal } from "../lib/html.js";
import { piece, receive, saved } from "../state/piece.js";
import { fault, say } from "../state/ui.js";
import { Dialog } from "./dialog.js";
import { SourceFields } from "./start_source_fields.js";

/** @import {Piece} from "../types.js" */

/** Whether the panel is shown. */
export const sourceOpen = signal(false);

const KINDS = { recording: "A recording", file: "The file", sample: "The sample melody", form: "An empty piece" };

export function SourcePanel() {
  const open = piece.value;
  if (!open || open.source.kind === "form") return null;
  const close = () => void (sourceOpen.value = false);
  const count = open.source.messages.length;
  return html`<button aria-haspopup="dialog" onClick=${() => (sourceOpen.value = true)}>
      Source${count ? html` <span class="count" aria-label=${`${count} remarks`}>${count}</span>` : null}</button>
    ${sourceOpen.value && html`<${Dialog} title="What the piece is made from" class="source" onClose=${close}><${Source} open=${open} /><//>`}`;
}

/** @param {{open: Piece}} props */
function Source({ open }) {
  const busy = useSignal(false);
  const { source } = open;
  /** @param {Record<string, unknown>} options */
  const read = async (options) => {
    busy.value = true;
    try {
      await saved();
      const match = { "if-match": `"${piece.value?.revision}"` };
      const answer = await request("POST", `/api/pieces/${open.id}/source`, { json: { options }, headers: match });
      receive("read the source again", await answer.json());
      say("The source was read again. Undo brings the notes back that were there.");
    } catch (error) {
      fault(error);
    } finally {
      busy.value = false;
    }
  };
  return html`<p>${KINDS[source.kind]}${source.kind === "recording" ? ", kept as it was played." : html` <strong>${source.name}</strong>.`}</p>
    ${source.messages.length
      ? html`<h3>What was found</h3><ul class="source_messages">${source.messages.map((line) => html`<li>${line}</li>`)}</ul>`
      : html`<p class="note">Nothing had to be found or changed.</p>`}
    <details>
      <summary>Read it differently</summary>
      <p class="note">Kantor finds what you leave empty. The notes are replaced. Title and mix stay.</p>
      <${SourceFields} open=${open} busy=${busy.value} read=${read} />
    </details>`;
}
