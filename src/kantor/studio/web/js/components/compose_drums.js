/** Whether another model plays drums to what the chosen one composes; nothing where none can. */
import { html } from "../lib/html.js";
import { hasDrums } from "../lib/recasting.js";
import { chosenModel, modelName, switchDrums } from "../state/models.js";
import { piece } from "../state/piece.js";

export function ComposeDrums() {
  const open = piece.value;
  const model = chosenModel.value;
  if (!open || !model?.drums) return null;
  const { drums } = model;
  const known = drums.meters.length === 0 || drums.meters.includes(open.meter);
  return html`<div class="compose_drums">
    <label class="check"><input type="checkbox" checked=${hasDrums(open, model)} aria-describedby="compose_drums"
      onChange=${() => switchDrums(model)} /> Drums</label>
    <p class="note" id="compose_drums">By ${modelName(drums)}${drums.licence && `, learned from: ${drums.licence}`}.${" "}
      ${!known && `It knows ${drums.meters.join(", ")} only, so ${open.meter} may sound odd.`}</p>
  </div>`;
}
