/** The view in which a piece is made: start, or transport, lanes, takes and keyboard. */
import { html } from "../lib/html.js";
import { models } from "../state/models.js";
import { piece } from "../state/piece.js";
import { go } from "../state/ui.js";
import { ComposePanel } from "./compose_panel.js";
import { Dock } from "./dock.js";
import { Keyboard } from "./keyboard.js";
import { PieceBar } from "./piece_bar.js";
import { Start } from "./start.js";
import { Stage } from "./stage.js";
import { TakesPanel } from "./takes_panel.js";
import { Transport } from "./transport.js";

export function StudioView() {
  if (!piece.value) {
    return html`<main class="studio empty">
      <h1 class="hidden">Kantor Studio</h1>
      <${NoModel} /><${Start} />
      <${Dock}><${Transport} /><${Keyboard} /><//>
    </main>`;
  }
  return html`<main class="studio">
    <h1 class="hidden">${piece.value.title}</h1>
    <${NoModel} />
    <${PieceBar} />
    <${Transport} />
    <div class="desk">
      <${Stage} />
      <aside class="side" aria-label="Composing"><${ComposePanel} /></aside>
      <${TakesPanel} />
    </div>
    <${Dock}><${Keyboard} /><//>
  </main>`;
}

/** No model is registered yet: nothing can be composed. */
function NoModel() {
  if (models.value?.length !== 0) return null;
  /** @param {Event} event */
  const train = (event) => {
    event.preventDefault();
    go("/training");
  };
  return html`<div class="card no_model">
    <div>
      <h2>No model yet</h2>
      <p>
        A model composes the other voices. It learns from Bach’s chorales on this machine, in a few minutes. You can
        record or open a melody meanwhile.
      </p>
    </div>
    <a class="button primary" href="/training" onClick=${train}>Train one</a>
  </div>`;
}
