/** The last thing that happened: shown for a while, and told to screen readers. */
import { html, useEffect, useRef, useSignal } from "../lib/html.js";
import { announced, dialogs, notice } from "../state/ui.js";
import { Icon } from "./icon.js";

const SECONDS = { info: 5, action: 10, fault: 12 };

/** What screen readers are told, with the notice itself, unless a dialog over the page shows it. */
export function Notice() {
  const shown = notice.value;
  return html`
    <div class="hidden" role="status" data-testid="said">${announced.value}</div>
    <div class="hidden" role="alert">${shown?.kind === "fault" && shown.text}</div>
    ${dialogs.value === 0 && html`<${NoticeBox} />`}`;
}

/** The notice that can be pointed at; what is outside an open dialog cannot, so it stands in the dialog then. */
export function NoticeBox() {
  const shown = notice.value;
  const held = useSignal(false);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const isFault = shown?.kind === "fault";
  useEffect(() => {
    held.value = false;
    // In the top layer, so that a dialog does not hide it.
    if (box.current?.matches(":popover-open")) box.current.hidePopover();
    if (shown) box.current?.showPopover?.();
  }, [shown]);
  useEffect(() => {
    if (!shown || held.value) return;
    const seconds = SECONDS[shown.action ? "action" : shown.kind];
    const timer = setTimeout(() => (notice.value = null), seconds * 1000);
    return () => clearTimeout(timer);
  }, [shown, held.value]);
  const close = () => (notice.value = null);
  const act = () => {
    close();
    shown?.action?.run();
  };
  const told = dialogs.value > 0; // by itself: screen readers do not reach beyond the dialog
  return html`<div ref=${box} popover="manual" class=${`notice ${isFault ? "bad" : ""}`} hidden=${!shown}
      onPointerEnter=${() => (held.value = true)} onPointerLeave=${() => (held.value = false)}
      onFocusIn=${() => (held.value = true)} onFocusOut=${() => (held.value = false)}>
      <span aria-hidden=${!told} role=${told ? (isFault ? "alert" : "status") : undefined}>${shown?.text}</span>
      ${shown?.action && html`<button onClick=${act}>${shown.action.label}</button>`}
      <button class="quiet icon" aria-label="Dismiss" onClick=${close}><${Icon} name="close" /></button>
    </div>`;
}
