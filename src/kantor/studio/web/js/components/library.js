/** All pieces: search, sort, open, rename, duplicate, delete, restore. */
import { html, useEffect, useMemo, useRef, useSignal } from "../lib/html.js";
import { counted } from "../lib/music.js";
import { ORDERS, binned, chosen, followLibrary, loadLibrary, pieces } from "../state/library.js";
import { go } from "../state/ui.js";
import { Icon } from "./icon.js";
import { LibraryRow } from "./library_row.js";

/** @import {PieceSummary} from "../types.js" */

export function Library() {
  const search = useSignal("");
  const order = useSignal("changed");
  const bin = useSignal(false);
  useEffect(() => {
    void loadLibrary();
    return followLibrary();
  }, []);
  const all = bin.value ? binned.value : pieces.value;
  const shown = useMemo(() => all && chosen(all, search.value, order.value), [all, search.value, order.value]);
  return html`<main class="library">
    <div class="library_head">
      <h1>${bin.value ? "Bin" : "Library"}</h1>
      <label class="search">
        <span class="hidden">Search</span><${Icon} name="search" />
        <input type="search" placeholder="Search title, key, meter" value=${search.value}
          onInput=${(/** @type {any} */ event) => (search.value = event.currentTarget.value)} />
      </label>
      <label class="sort">Sort by
        <select value=${order.value} onChange=${(/** @type {any} */ event) => (order.value = event.currentTarget.value)}>
          ${Object.entries(ORDERS).map(([key, [label]]) => html`<option value=${key}>${label}</option>`)}
        </select>
      </label>
      <button aria-pressed=${bin.value} onClick=${() => (bin.value = !bin.value)}>
        <${Icon} name="bin" />Bin (${binned.value?.length ?? 0})
      </button>
    </div>
    ${shown ? html`<${Found} shown=${shown} all=${all?.length ?? 0} bin=${bin.value} />` : html`<p class="loading">Loading…</p>`}
  </main>`;
}

/** @param {{shown: PieceSummary[], all: number, bin: boolean}} props */
function Found({ shown, all, bin }) {
  const list = useFocusKept(shown);
  if (all === 0) return bin ? html`<p class="nothing">The bin is empty.</p>` : html`<${Nothing} />`;
  return html`<p class="note" role="status">
      ${shown.length === all ? counted(all, "piece") : `${shown.length} of ${counted(all, "piece")}`}
    </p>
    <ul class="library_list" ref=${list} tabindex="-1" aria-label=${bin ? "Pieces in the bin" : "Pieces"}>
      ${shown.map((one) => html`<${LibraryRow} key=${one.id} one=${one} bin=${bin} />`)}
    </ul>`;
}

/**
 * Where a row with the focus goes away, the focus goes to the row that took its place.
 * @param {PieceSummary[]} shown
 */
function useFocusKept(shown) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const place = useRef(-1);
  useEffect(() => {
    const rows = list.current;
    if (place.current >= 0 && document.activeElement === document.body && rows) {
      const row = rows.children[Math.min(place.current, rows.children.length - 1)];
      const next = /** @type {HTMLElement | null} */ (row?.querySelector("a, button"));
      (next ?? rows).focus();
    }
    const note = () => {
      const row = document.activeElement?.closest(".library_row");
      place.current = row && rows ? [...rows.children].indexOf(row) : -1;
    };
    rows?.addEventListener("focusin", note);
    return () => rows?.removeEventListener("focusin", note);
  }, [shown]);
  return list;
}

function Nothing() {
  return html`<div class="nothing card">
    <h2>No pieces yet</h2>
    <p>What you play, open or choose in Studio is kept here.</p>
    <button class="primary" onClick=${() => go("/")}>Go to Studio</button>
  </div>`;
}
