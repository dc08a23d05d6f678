/** The pieces that were changed last. */
import { html, useEffect } from "../lib/html.js";
import { counted } from "../lib/music.js";
import { followLibrary, loadLibrary, pieces } from "../state/library.js";
import { openPiece } from "../state/piece.js";
import { fault, go } from "../state/ui.js";

const SHOWN = 3;

export function StartRecent() {
  useEffect(() => {
    void loadLibrary();
    return followLibrary();
  }, []);
  const all = pieces.value?.filter((one) => !one.fault) ?? [];
  if (!all.length) return null;
  /**
   * @param {Event} event
   * @param {string} id
   */
  const open = (event, id) => {
    event.preventDefault();
    openPiece(id).catch(fault);
  };
  /** @param {Event} event */
  const library = (event) => {
    event.preventDefault();
    go("/library");
  };
  return html`<div class="card start_recent">
    <h3>Go on with a piece</h3>
    <ul>
      ${all.slice(0, SHOWN).map(
        (one) => html`<li key=${one.id}>
          <a href=${`/?piece=${one.id}`} onClick=${(/** @type {Event} */ event) => open(event, one.id)}>${one.title}</a>
          <span class="note">${counted(one.bars, "bar")} · ${one.meter} · ${one.key}</span>
        </li>`,
      )}
    </ul>
    <a href="/library" onClick=${library}>${all.length > SHOWN ? `All ${all.length} pieces` : "Library"}</a>
  </div>`;
}
