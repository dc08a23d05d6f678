/** A choice of key: fifteen signatures in major and in minor. */
import { html } from "../lib/html.js";
import { keyName } from "../lib/music.js";

/** @typedef {{fifths: number, mode: "major" | "minor"}} KeySignature */

const MODES = /** @type {const} */ (["major", "minor"]);
const FIFTHS = Array.from({ length: 15 }, (_, index) => index - 7);

/**
 * @param {{value: KeySignature | null, onChange: (key: KeySignature | null) => void, none?: string, disabled?: boolean}} props
 * With `none`, what no key is called.
 */
export function KeySelect({ value, onChange, none, disabled }) {
  const chosen = value ? `${value.fifths} ${value.mode}` : "";
  /** @param {Event & {currentTarget: HTMLSelectElement}} event */
  const change = (event) => {
    const [fifths, mode] = event.currentTarget.value.split(" ");
    onChange(mode ? { fifths: Number(fifths), mode: mode === "minor" ? "minor" : "major" } : null);
  };
  return html`<select value=${chosen} disabled=${disabled} onChange=${change}>
    ${none && html`<option value="" selected=${!value}>${none}</option>`}
    ${MODES.map(
      (mode) => html`<optgroup label=${mode === "major" ? "Major" : "Minor"}>
        ${FIFTHS.map((fifths) => {
          const name = `${fifths} ${mode}`;
          return html`<option value=${name} selected=${name === chosen}>${keyName({ fifths, mode })}</option>`;
        })}
      </optgroup>`,
    )}
  </select>`;
}
