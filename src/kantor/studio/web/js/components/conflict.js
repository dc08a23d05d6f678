/** Both this window and somebody else changed the piece: which version is meant? */
import { html, useSignal } from "../lib/html.js";
import { counted } from "../lib/music.js";
import { piece, theirs } from "../state/opened.js";
import { keepMine, loadTheirs } from "../state/saving.js";
import { Dialog } from "./dialog.js";

/** @import {Piece} from "../types.js" */

export function Conflict() {
  const later = useSignal(/** @type {Piece | null} */ (null));
  const other = theirs.value;
  const mine = piece.value;
  if (!other || !mine) return null;
  if (later.value === other) {
    return html`<div class="later card" role="status">
      This piece was changed elsewhere. Yours is kept in this browser.
      <button onClick=${() => (later.value = null)}>Decide</button>
    </div>`;
  }
  return html`<${Dialog} title="Changed elsewhere" onClose=${() => (later.value = other)}>
    <p>“${mine.title}” was changed in another window or browser, and here as well.</p>
    <dl class="versions">
      <dt>Yours</dt>
      <dd>${described(mine)}, not saved yet</dd>
      <dt>The other</dt>
      <dd>${described(other)}, saved at ${new Date(other.changed).toLocaleTimeString()}</dd>
    </dl>
    <div class="row end">
      <button onClick=${loadTheirs}>Load theirs</button>
      <button class="primary" onClick=${keepMine}>Keep mine</button>
    </div>
  <//>`;
}

/** @param {Piece} one */
function described(one) {
  const notes = one.lines.reduce((sum, line) => sum + line.notes.length, 0);
  return `“${one.title}”, ${counted(notes, "note")}`;
}
