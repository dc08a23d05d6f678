/** Help: the shortcuts, whether they are on, what this is made of. */
import { html } from "../lib/html.js";
import { helpOpen, shortcuts, shortcutsOn, status, typing } from "../state/ui.js";
import { Dialog } from "./dialog.js";

export function Help() {
  if (!helpOpen.value) return null;
  return html`<${Dialog} title="Help" onClose=${() => (helpOpen.value = false)} class="help">
    <p>
      Play a melody, open a file or choose a sample. <b>Compose</b> gives it its other voices, in several takes to
      choose from. Lock what you like, select what you do not, and compose again. Everything is saved as you go.
    </p>
    <h3>Keys</h3>
    <label class="check">
      <input type="checkbox" checked=${shortcutsOn.value} onChange=${toggle} />
      Keys without Ctrl are shortcuts
    </label>
    <fieldset>
      <legend>Letter keys</legend>
      <${Mode} mode="shortcuts" text="are shortcuts" />
      <${Mode} mode="piano" text="play notes" />
    </fieldset>
    ${groups().map(([name, some]) => html`<${Group} name=${name} some=${some} />`)}
    <h3>About</h3>
    <${About} />
  <//>`;
}

/** @param {Event & {currentTarget: HTMLInputElement}} event */
const toggle = (event) => (shortcutsOn.value = event.currentTarget.checked);

/** @param {{mode: "shortcuts" | "piano", text: string}} props */
function Mode({ mode, text }) {
  const choose = () => (typing.value = mode);
  return html`<label class="check">
    <input type="radio" name="typing" checked=${typing.value === mode} onChange=${choose} /> ${text}
  </label>`;
}

/** @typedef {import("../state/shortcuts.js").Shortcut} Shortcut */

/** The shortcuts by group, in the order in which they were registered. */
function groups() {
  /** @type {Map<string, Shortcut[]>} */
  const found = new Map();
  for (const one of [...shortcuts].reverse()) found.set(one.group, [...(found.get(one.group) ?? []), one]);
  return [...found];
}

/** @param {{name: string, some: Shortcut[]}} props */
function Group({ name, some }) {
  /** @type {Map<string, string[]>} */
  const keys = new Map();
  for (const one of some) keys.set(one.what, [...(keys.get(one.what) ?? []), one.keys]);
  return html`<h4>${name}</h4>
    <dl class="key_list">
      ${[...keys].map(
        ([what, names]) => html`<dt><${Names} names=${names} /></dt>
          <dd>${what}</dd>`,
      )}
    </dl>`;
}

/** Two keys that do the same, or a row of digits: from the first to the last. @param {{names: string[]}} props */
function Names({ names }) {
  const [word, shown] = names.length > 3 ? [" to ", [names[0], names[names.length - 1]]] : [" or ", names];
  return html`${shown.map((one, index) => html`${index > 0 && word}<${Keys} names=${one} />`)}`;
}

const PRINTED = /** @type {Record<string, string>} */ ({
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
});

/** @param {{names: string}} props such as "Ctrl+Z" */
function Keys({ names }) {
  return html`${names.split(/(?<=.)\+/).map((one) => html`<kbd>${PRINTED[one] ?? one}</kbd>`)}`;
}

function About() {
  const about = status.value;
  if (!about) return null;
  const { name, licence, source } = about.soundfont;
  return html`<p class="note">
    Kantor ${about.version}. Sound: ${name}${licence && `, ${licence}`}, from ${source}. The synthesizer is spessasynth.
    Programs can do all of this too: <a href="/api">the API</a>.
  </p>`;
}
