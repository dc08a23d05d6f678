/** Tempo, meter and key: of the open piece, or of the recording to come. */
import { html } from "../lib/html.js";
import { change, piece } from "../state/piece.js";
import { want, wanted } from "../state/recording_settings.js";
import { recording } from "../state/transport.js";
import { registerShortcuts } from "../state/ui.js";
import { KeySelect } from "./start_key.js";
import { sourceOpen } from "./start_source.js";

/** @typedef {import("./start_key.js").KeySignature} KeySignature */

const METERS = ["2/4", "3/4", "4/4", "5/4", "2/2", "3/2", "3/8", "6/8", "9/8", "12/8"];
const LONGEST = 2000;

/** @type {number[]} when "T" was tapped, in milliseconds */
let taps = [];

/** Beat the tempo: four taps or more, the last eight count. */
function tap() {
  const now = performance.now();
  if (now - (taps.at(-1) ?? -Infinity) > LONGEST) taps = [];
  taps = [...taps, now].slice(-8);
  if (taps.length < 3) return;
  setTempo((60_000 * (taps.length - 1)) / (now - taps[0]));
}

/** @param {number} tempo */
function setTempo(tempo) {
  const kept = Math.round(Math.max(20, Math.min(300, tempo)));
  if (!Number.isFinite(kept)) return;
  if (piece.value) change("set the tempo", (draft) => void (draft.tempo = kept));
  else want({ tempo: kept });
}

/** @param {KeySignature | null} key */
function setKey(key) {
  if (!piece.value) want({ key });
  else if (key) change("set the key", (draft) => void (draft.key = key));
}

registerShortcuts([{ keys: "T", what: "Tap the tempo", group: "Playing", run: tap }]);

/** @param {Event} event */
const text = (event) => /** @type {HTMLInputElement} */ (event.currentTarget).value;

export function TransportTime() {
  const open = piece.value;
  const { tempo, meter, key } = open ?? wanted.value;
  const busy = recording.value;
  return html`<div class="row time">
    <label>Tempo <input type="number" min="20" max="300" value=${Math.round(tempo)} disabled=${busy}
      onChange=${(/** @type {Event} */ event) => setTempo(Number(text(event)))} /></label>
    <button onClick=${tap} disabled=${busy} title="Tap the tempo (T)">Tap</button>
    ${open ? html`<${MeterOf} open=${open} />` : html`<label>Meter <select value=${meter} disabled=${busy} onChange=${(/** @type {Event} */ event) => want({ meter: text(event) })}>
        ${METERS.map((one) => html`<option value=${one} selected=${one === meter}>${one}</option>`)}</select></label>`}
    <label>Key <${KeySelect} value=${key} disabled=${busy} onChange=${setKey} none=${open ? "" : "found from the notes"} /></label>
  </div>`;
}

/**
 * The meter of a piece; where it was read from something, that can be read in another one.
 * @param {{open: import("../types.js").Piece}} props
 */
function MeterOf({ open }) {
  const name = open.meters.length ? `${open.meter} and others` : open.meter;
  if (open.source.kind === "form") return html`<span class="meter">Meter <strong>${name}</strong></span>`;
  return html`<span class="meter">Meter <button class="quiet" aria-haspopup="dialog" disabled=${recording.value}
    aria-label=${`Meter ${name}: read the source in another`} title="Read the source in another meter"
    onClick=${() => (sourceOpen.value = true)}>${name}</button></span>`;
}
