/** Where the piece goes, what goes there, and what became of it. */
import { html, useSignal } from "../lib/html.js";
import { piece, preview } from "../state/opened.js";
import { asking, choice, choose, credits, places, publish, refused, underWay } from "../state/publishing.js";
import { Dialog } from "./dialog.js";
import { Publications } from "./publish_list.js";
import { SoundCloud } from "./publish_soundcloud.js";

/** @import {Piece} from "../types.js" */
/** @import {Target} from "../state/publishing.js" */

/** @type {{target: Target, name: string, what: string, act: string}[]} */
const TARGETS = [
  {
    target: "page",
    name: "A page",
    what: "One file with recording, score and player. It opens anywhere, even without a network.",
    act: "Make the page",
  },
  {
    target: "gallery",
    name: "The gallery",
    what: "The same page in a folder or a bucket, with an index and a feed of all pieces.",
    act: "Put into the gallery",
  },
  {
    target: "soundcloud",
    name: "SoundCloud",
    what: "The recording as a track of your own account.",
    act: "Upload to SoundCloud",
  },
];

/** @param {{onClose: () => void}} props */
export function PublishDialog({ onClose }) {
  const description = useSignal("");
  const { target } = choice.value;
  const open = piece.value;
  if (!open) return null;
  const [model, trained] = ["Model", "Trained on"].map((word) => credits.value.find((one) => one.word === word));
  const can = target !== "soundcloud" || places.value?.soundcloud.is_logged_in;
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    if (can && !underWay.value) void publish(description.value);
  };
  /** @param {Event & {currentTarget: HTMLTextAreaElement}} event */
  const write = (event) => (description.value = event.currentTarget.value);
  return html`<${Dialog} title="Publish" class="publish_dialog" onClose=${onClose}>
    <form onSubmit=${submit}>
      <fieldset class="targets">
        <legend class="hidden">Where</legend>
        ${TARGETS.map((one) => html`<${Choice} key=${one.target} ...${one} />`)}
      </fieldset>
      ${target === "gallery" && html`<${GalleryAddress} />`}
      ${target === "soundcloud" && html`<${SoundCloud} />`}
      <label class="field">Description (may be empty)
        <textarea rows="2" maxlength="2000" value=${description.value} onInput=${write}></textarea>
      </label>
      <p class="note">${sent(target)} ${unfinished(open)} ${unheard(open)}</p>
      ${trained && html`<p class="note">${model?.text.split(",")[0]} was trained on ${trained.text}.</p>`}
      <div class="row">
        <button class="primary" type="submit" disabled=${!can || asking.value || Boolean(underWay.value)}>
          ${TARGETS.find((one) => one.target === target)?.act}
        </button>
        ${refused.value && html`<p class="fault" role="alert">${refused.value}</p>`}
      </div>
    </form>
    <${Publications} />
  <//>`;
}

/** @param {{target: Target, name: string, what: string}} props */
function Choice({ target, name, what }) {
  const isChosen = choice.value.target === target;
  return html`<label class=${`target ${isChosen ? "chosen" : ""}`}>
    <input type="radio" name="target" value=${target} checked=${isChosen} onChange=${() => choose({ target })} />
    <span><b>${name}</b><span class="what">${what}</span></span>
  </label>`;
}

function GalleryAddress() {
  const where = places.value;
  /** @param {Event & {currentTarget: HTMLInputElement}} event */
  const write = (event) => choose({ gallery: event.currentTarget.value.trim() });
  return html`<label class="field">Folder or address
    <input value=${choice.value.gallery} placeholder=${where?.gallery ?? ""} disabled=${where?.gallery_is_fixed}
      maxlength="500" spellcheck="false" autocomplete="off" onInput=${write} />
  </label>`;
}

/**
 * What goes where, before anything does.
 * @param {Target} target
 */
function sent(target) {
  const what = preview.value === null ? "The piece, as it stands," : `Take ${preview.value}, which you hear,`;
  if (target === "page") return `${what} becomes one file in the folder of the piece. Nothing leaves this machine.`;
  if (target === "gallery") {
    const where = choice.value.gallery || places.value?.gallery || "the gallery";
    return `${what} goes to ${where} as page, recording and picture.`;
  }
  return `${what} is sent to SoundCloud as a recording, with title, description and credits.`;
}

/**
 * Which voices are still silent.
 * @param {Piece} open
 */
function unfinished(open) {
  if (preview.value !== null) return "";
  const silent = open.lines.filter((line) => !line.notes.length).map((line) => line.name);
  return silent.length ? `Still silent: ${silent.join(", ")}.` : "";
}

/**
 * Which voices the recording leaves out.
 * @param {Piece} open
 */
function unheard(open) {
  const alone = open.lines.some((line) => line.solo);
  const out = open.lines.filter((line) => line.muted || (alone && !line.solo)).map((line) => line.name);
  return out.length ? `The recording leaves out what you have muted: ${out.join(", ")}.` : "";
}
