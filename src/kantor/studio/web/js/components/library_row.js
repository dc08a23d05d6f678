/** One piece of the library: open, rename, duplicate, delete; or, in the bin, restore or delete for good. */
import { html, useEffect, useRef, useSignal } from "../lib/html.js";
import { counted } from "../lib/music.js";
import { destroy, duplicate, remove, rename, restore } from "../state/library.js";
import { openPiece } from "../state/piece.js";
import { fault } from "../state/ui.js";
import { Icon } from "./icon.js";

/** @import {PieceSummary} from "../types.js" */

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @param {{one: PieceSummary, bin: boolean}} props */
export function LibraryRow({ one, bin }) {
  const renaming = useSignal(false);
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  /** @param {string | null} title */
  const renamed = (title) => {
    renaming.value = false;
    if (title && title !== one.title) void rename(one, title);
    setTimeout(() => button.current?.focus());
  };
  return html`<li class="library_row">
    <div class="library_name">
      ${renaming.value ? html`<${Naming} title=${one.title} done=${renamed} />` : html`<${Name} one=${one} bin=${bin} />`}
    </div>
    <p class="library_facts">${one.fault ? html`<span class="fault">${one.fault}</span>` : html`<${Facts} one=${one} />`}</p>
    <div class="row library_actions">
      ${bin
        ? html`<${Action} icon="restore" what="Restore" title=${one.title} run=${() => void restore(one)} />
            <${Action} icon="bin" what="Delete for good" title=${one.title} run=${() => destroy(one)} />`
        : html`${!one.fault && html`<${Action} icon="rename" what="Rename" title=${one.title} run=${() => (renaming.value = true)} at=${button} />
              <${Action} icon="copy" what="Duplicate" title=${one.title} run=${() => void duplicate(one)} />`}
            <${Action} icon="bin" what="Delete" title=${one.title} run=${() => void remove(one)} />`}
    </div>
  </li>`;
}

/** @param {{one: PieceSummary, bin: boolean}} props */
function Name({ one, bin }) {
  if (bin || one.fault) return html`<span class="library_title">${one.title}</span>`;
  /** @param {MouseEvent} event */
  const open = (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openPiece(one.id).catch(fault);
  };
  return html`<a class="library_title" href=${`/?piece=${one.id}`} onClick=${open}>${one.title}</a>`;
}

/** @param {{one: PieceSummary}} props */
function Facts({ one }) {
  return html`<span>${counted(one.bars, "bar")}</span><span>${one.meter}</span><span>${one.key}</span>
    <span>${counted(one.takes, "take")}</span>
    <time datetime=${one.changed}>${DATE.format(new Date(one.changed))}</time>`;
}

/** @param {{icon: string, what: string, title: string, run: () => void, at?: unknown}} props */
function Action({ icon, what, title, run, at }) {
  return html`<button ref=${at} class="quiet icon" title=${what} aria-label=${`${what}: ${title}`} onClick=${run}>
    <${Icon} name=${icon} />
  </button>`;
}

/**
 * The title being written over: Enter or leaving keeps it, Escape does not.
 * @param {{title: string, done: (title: string | null) => void}} props
 */
function Naming({ title, done }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const over = useRef(false);
  useEffect(() => field.current?.select(), []);
  /** @param {boolean} keep */
  const end = (keep) => {
    if (over.current) return;
    over.current = true;
    done(keep ? (field.current?.value.trim() ?? null) : null);
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key === "Enter" || event.key === "Escape") end(event.key === "Enter");
  };
  return html`<input ref=${field} aria-label="New title" maxlength="200" value=${title}
    onKeyDown=${press} onBlur=${() => end(true)} />`;
}
