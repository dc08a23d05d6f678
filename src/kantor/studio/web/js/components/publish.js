/** Share the piece: the button that opens the dialog. */
import { html, useSignal } from "../lib/html.js";
import { piece } from "../state/opened.js";
import { loadPublications, refused, underWay } from "../state/publishing.js";
import { PublishDialog } from "./publish_dialog.js";

export function PublishButton() {
  const isOpen = useSignal(false);
  if (!piece.value) return null;
  const open = () => {
    refused.value = "";
    isOpen.value = true;
    void loadPublications();
  };
  return html`<span class="publish">
    <button onClick=${open} aria-haspopup="dialog">${underWay.value ? "Publishing…" : "Publish"}</button>
    ${isOpen.value && html`<${PublishDialog} onClose=${() => (isOpen.value = false)} />`}
  </span>`;
}
