/** How a source is to be read: the fields of a form. */
import { html } from "../lib/html.js";
import { keyName } from "../lib/music.js";

/** @import {Piece} from "../types.js" */

const FIFTHS = Array.from({ length: 15 }, (_, index) => index - 7);

/** @param {{open: Piece, busy: boolean, read: (options: Record<string, unknown>) => void}} props */
export function SourceFields({ open, busy, read }) {
  const said = /** @type {Record<string, any>} */ (open.source.options);
  const isTake = open.source.kind === "recording";
  /** @param {Event & {currentTarget: HTMLFormElement}} event */
  const submit = (event) => {
    event.preventDefault();
    /** @type {Record<string, unknown>} */
    const options = {};
    for (const [name, value] of new FormData(event.currentTarget)) {
      if (value !== "") options[name] = ["pickup", "tempo"].includes(name) ? Number(value) : value;
    }
    if (options.click) options.click = options.click === "yes";
    read(options);
  };
  const names = open.lines.map((line) => line.name);
  const given = [...names, ...(isTake ? [] : ["soprano,bass", "all"].filter((one) => one === "all" || names.includes("soprano")))];
  return html`<form class="source_fields" onSubmit=${submit}>
    ${!isTake && html`<label class="field">Track, by number or name
      <input name="track" maxlength="100" autocomplete="off" value=${said.track ?? ""} placeholder="the melody" /></label>`}
    <label class="field">Given voice
      <select name="given">
        <option value="">the one that leads</option>
        ${given.map((one) => html`<option value=${one} selected=${one === said.given}>${one === "all" ? "all that the file has" : one.replace(",", " and ")}</option>`)}
      </select></label>
    <label class="field">Meter
      <input name="meter" maxlength="5" pattern="[0-9]+/[0-9]+" autocomplete="off" value=${said.meter ?? ""} placeholder=${open.meter} /></label>
    <label class="field">Pickup, in beats
      <input name="pickup" type="number" min="0" max="64" step="0.25" value=${said.pickup ?? ""} placeholder="found by Kantor" /></label>
    <label class="field">Key
      <select name="key">
        <option value="">found by Kantor</option>
        ${["major", "minor"].map((mode) =>
          FIFTHS.map((fifths) => {
            const plain = keyName({ fifths, mode }).replace("♯", "#").replace("♭", "b");
            return html`<option value=${plain} selected=${plain === said.key}>${keyName({ fifths, mode })}</option>`;
          }),
        )}
      </select></label>
    <label class="field">Tempo, quarters a minute
      <input name="tempo" type="number" min="5" max="1000" step="any" value=${said.tempo ?? ""} placeholder=${Math.round(open.tempo)} /></label>
    <label class="field">Transpose
      <select name="transpose">
        <option value="">not at all</option>
        <option value="fit" selected=${said.transpose === "fit"}>as suits the voices</option>
        ${Array.from({ length: 25 }, (_, index) => 12 - index)
          .filter((one) => one)
          .map((one) => html`<option value=${String(one)} selected=${said.transpose === String(one)}>${semitones(one)}</option>`)}
      </select></label>
    ${isTake && html`<label class="field">Played
      <select name="click">
        <option value="">as it was recorded</option>
        <option value="yes" selected=${said.click === true}>to the metronome</option>
        <option value="no" selected=${said.click === false}>freely: find the beat</option>
      </select></label>`}
    <div class="row end"><button class="primary" disabled=${busy}>${busy ? "Reading…" : "Read again"}</button></div>
  </form>`;
}

/** @param {number} count */
const semitones = (count) =>
  `${Math.abs(count)} semitone${Math.abs(count) === 1 ? "" : "s"} ${count > 0 ? "up" : "down"}`;
