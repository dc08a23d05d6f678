/** Title of the piece, its facts, its source, export and publish. */
import { html, useSignal } from "../lib/html.js";
import { counted, keyName } from "../lib/music.js";
import { chosenModel, modelName } from "../state/models.js";
import { change, closePiece, piece } from "../state/piece.js";
import { fault } from "../state/ui.js";
import { ExportMenu } from "./export_menu.js";
import { Icon } from "./icon.js";
import { PublishButton } from "./publish.js";
import { SourcePanel } from "./start_source.js";

/** @import {Piece} from "../types.js" */

export function PieceBar() {
  const open = piece.value;
  if (!open) return null;
  return html`<div class="piece_bar">
    <div class="piece_name">
      <${Title} key=${open.id} title=${open.title} />
      <p class="piece_facts">${facts(open).map((fact) => html`<span>${fact}</span>`)}</p>
    </div>
    <div class="row piece_actions">
      <${SourcePanel} />
      <${ExportMenu} />
      <${PublishButton} />
      <button onClick=${() => void closePiece().catch(fault)}><${Icon} name="add" />New piece</button>
    </div>
  </div>`;
}

/**
 * What stands under the title.
 * @param {Piece} open
 */
function facts(open) {
  const bars = open.bar_lines.filter((line) => line < open.steps).length;
  const model = open.model ?? chosenModel.value;
  return [
    counted(bars, "bar"),
    open.meters.length ? `${open.meter} and others` : open.meter,
    keyName(open.key),
    `♩ = ${Math.round(open.tempo)}`,
    ...(model ? [modelName(model)] : []),
  ];
}

/**
 * The title, which can be written over; Enter keeps it, Escape puts the old one back.
 * @param {{title: string}} props
 */
function Title({ title }) {
  const written = useSignal(/** @type {string | null} */ (null));
  const keep = () => {
    const text = written.value?.trim();
    written.value = null;
    if (text && text !== title) change("rename the piece", (draft) => void (draft.title = text));
  };
  /** @param {KeyboardEvent & {currentTarget: HTMLInputElement}} event */
  const press = (event) => {
    if (event.key === "Escape") written.value = null;
    if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
  };
  /** @param {Event & {currentTarget: HTMLInputElement}} event */
  const write = (event) => (written.value = event.currentTarget.value);
  return html`<input class="title" aria-label="Title" maxlength="200" spellcheck="false" autocomplete="off"
    value=${written.value ?? title} onInput=${write} onBlur=${keep} onKeyDown=${press} />`;
}
