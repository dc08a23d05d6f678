/** A window over the page: the rest waits until it is closed, by its button or by Escape. */
import { html, useEffect, useRef, useSignal } from "../lib/html.js";
import { dialogs } from "../state/ui.js";
import { Icon } from "./icon.js";
import { NoticeBox } from "./notice.js";

/**
 * Show it by rendering it; `onClose` must then stop rendering it.
 * @param {{title: string, onClose: () => void, children?: unknown, class?: string}} props
 */
export function Dialog({ title, onClose, children, class: extra = "" }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const place = useSignal(0);
  useEffect(() => {
    place.value = dialogs.value += 1;
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialogs.value -= 1;
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return html`<dialog ref=${ref} class=${`dialog ${extra}`} aria-label=${title} onClose=${onClose}>
    <div class="dialog_head">
      <h2>${title}</h2>
      <button class="quiet icon" aria-label="Close" onClick=${onClose}><${Icon} name="close" /></button>
    </div>
    ${children}
    ${place.value > 0 && place.value === dialogs.value && html`<${NoticeBox} />`}
  </dialog>`;
}
