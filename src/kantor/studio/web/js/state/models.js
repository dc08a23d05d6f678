/** The registered models, kept up to date by the server's events, and the one that composes a piece. */
import { get } from "../lib/api.js";
import { on } from "../lib/events.js";
import { computed, signal } from "../lib/html.js";
import { hasDrums, isForOthers, recast, setDrums } from "../lib/recasting.js";
import { piece } from "./opened.js";
import { change } from "./piece.js";
import { play, playing, stop } from "./transport.js";
import { fault, say } from "./ui.js";

/** @import {Hearing, Model, ModelReference, Piece} from "../types.js" */

/** @type {import("@preact/signals").Signal<Model[] | null>} null until they are known */
export const models = signal(null);
/** @type {import("@preact/signals").Signal<string>} why they are not known */
export const modelsFault = signal("");

export async function loadModels() {
  const before = championName();
  try {
    models.value = await get("/api/models");
    modelsFault.value = "";
  } catch (error) {
    modelsFault.value = error instanceof Error ? error.message : String(error);
    fault(error);
    return;
  }
  const now = championName();
  if (before && now && before !== now) say(`There is a new champion: ${now}.`);
}

on("models", () => void loadModels());

/** @param {Model | ModelReference} model */
export const modelName = (model) => `${styleName(model.name)} ${model.version}`;

/** @param {string} name such as "kantor-bach" */
export function styleName(name) {
  const style = name.replace(/^kantor-/, "").replaceAll("_", " ");
  return style.charAt(0).toUpperCase() + style.slice(1);
}

/** @param {Model} model @param {ModelReference | null} reference */
export const isModel = (model, reference) =>
  model.name === reference?.name && model.version === reference.version;

/**
 * The one that composes where a piece names none: the first that can, and has its voices.
 * @param {Model[]} known champions first
 * @param {Piece | null} open
 */
export function championFor(known, open) {
  return known.find((one) => !one.reason && (!open || !isForOthers(open, one))) ?? null;
}

/** The model that composes for the open piece; null where there is none. */
export const chosenModel = computed(() => {
  const known = models.value ?? [];
  const reference = piece.value?.model ?? null;
  if (reference) return known.find((one) => isModel(one, reference)) ?? null;
  return championFor(known, piece.value);
});

function championName() {
  const first = championFor(models.peek() ?? [], piece.peek());
  return first ? modelName(first) : "";
}

/**
 * Choose the model for the open piece. One for other lines gives the piece its own: the melody stays.
 * @param {Model | null} model null: always the champion
 */
export function chooseModel(model) {
  const open = piece.peek();
  const others = model !== null && open !== null && isForOthers(open, model);
  const leads = (models.peek() ?? []).find((one) => open && !isForOthers(open, one))?.leads ?? 0;
  const reference = model && { name: model.name, version: model.version };
  change(model ? `choose the model ${modelName(model)}` : "follow the champion", (draft) => {
    draft.model = reference;
    if (model && others) recast(draft, model, leads);
  });
  if (model && others) return say(`${modelName(model)} composes: ${model.voices.join(", ")}. Undo brings the other lines back.`);
  say(model ? `${modelName(model)} composes.` : "The champion composes from now on. When there is a new one, that one does.");
}

/** Have another model play drums to the open piece, or no longer. @param {Model} model */
export function switchDrums(model) {
  const wanted = piece.peek() !== null && !hasDrums(/** @type {Piece} */ (piece.peek()), model);
  change(wanted ? "add drums" : "take the drums away", (draft) => setDrums(draft, model, wanted));
  say(wanted ? "Drums come with what is composed next." : "No drums. Undo brings them back.");
}

/** @type {import("@preact/signals").Signal<string>} name and version of the model that is heard */
export const sampled = signal("");
playing.subscribe((on) => {
  if (!on) sampled.value = "";
});

/** Hear a model, or stop it. @param {Model} model */
export async function hearModel(model) {
  const name = modelName(model);
  const was = sampled.peek();
  stop();
  if (was === name) return;
  try {
    /** @type {Hearing} */
    const sample = await get(`/api/models/${encodeURIComponent(model.name)}/${model.version}/sample`);
    await play(sample);
    if (playing.peek()) sampled.value = name;
    say(`You hear “Ode to Joy” as ${name} harmonises it.`);
  } catch (error) {
    fault(error);
  }
}
