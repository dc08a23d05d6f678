/** A keyboard on the screen, with wheels; also for computer keys and MIDI keyboards. */
import { html, signal } from "../lib/html.js";
import { kept } from "../lib/kept.js";
import { noteName } from "../lib/music.js";
import { playByKeys, lowest, shift } from "../sound/computer_keys.js";
import { piece } from "../state/piece.js";
import { registerShortcuts, typing } from "../state/ui.js";
import { Keys } from "./keyboard_keys.js";
import { MidiKeyboards } from "./keyboard_midi.js";
import { Wheels } from "./keyboard_wheels.js";

const roomy = matchMedia("(min-width: 900px) and (min-height: 700px)");
/** @type {import("@preact/signals").Signal<boolean | null>} null: not chosen; beside a piece they need room */
const keysShown = kept("keys-shown", null);

const narrow = signal(matchMedia("(max-width: 640px)").matches);
matchMedia("(max-width: 640px)").addEventListener("change", (event) => (narrow.value = event.matches));

registerShortcuts([
  { keys: "[", what: "Keyboard an octave down", group: "Playing", run: () => shift(-1) },
  { keys: "]", what: "Keyboard an octave up", group: "Playing", run: () => shift(1) },
]);

export function Keyboard() {
  const low = lowest.value;
  const rows = narrow.value ? [[low + 19, 13], [low, 19]] : [[low, 32]];
  const shown = keysShown.value ?? (!piece.value || roomy.matches);
  return html`<section class=${`keyboard card ${shown ? "" : "shut"}`} aria-label="Keyboard">
    <div class="keyboard_bar">
      <button class="quiet keys_shown" aria-expanded=${shown} aria-controls="keyboard_desk" title=${shown ? "Hide the keys" : "Show the keys"}
        onClick=${() => (keysShown.value = !shown)}>Keys</button>
      <div class="octave row" role="group" aria-label="Octave">
        <button class="icon" onClick=${() => shift(-1)} disabled=${low <= 5} aria-label="Octave down">−</button>
        <span aria-live="polite">${noteName(low)} to ${noteName(Math.min(127, low + 31))}</span>
        <button class="icon" onClick=${() => shift(1)} disabled=${low >= 89} aria-label="Octave up">+</button>
      </div>
      <label class="row"><input type="checkbox" checked=${typing.value === "piano"}
        onChange=${(/** @type {any} */ event) => playByKeys(event.currentTarget.checked)} />
        Play by computer keys</label>
      <${MidiKeyboards} />
    </div>
    <div class="keyboard_desk" id="keyboard_desk">
      ${shown && html`<${Wheels} />
      <div class="key_rows">${rows.map(([from, count]) => html`<${Keys} key=${count} low=${from} count=${count} />`)}</div>`}
    </div>
  </section>`;
}
