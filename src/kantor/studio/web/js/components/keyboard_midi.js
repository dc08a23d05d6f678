/** The button that connects MIDI keyboards, what is connected, and why none is. */
import { html } from "../lib/html.js";
import { connect, hint, keyboards, midi, refusal, waiting } from "../sound/midi.js";

export function MidiKeyboards() {
  const on = midi.value === "on" && !waiting.value;
  return html`<div class="midi row">
    ${!on && html`<button onClick=${() => void connect()} disabled=${midi.value === "asking"}>
      ${waiting.value ? "Look again" : "Connect keyboard"}</button>`}
    <span role="status">
      ${midi.value === "asking" && "The browser asks whether it may…"}
      ${on && html`<span class="badge good">MIDI</span> ${keyboards.value.join(", ")}`}
      ${waiting.value && hint}
      ${midi.value === "refused" && html`<span class="fault">${refusal.value}</span>`}
    </span>
  </div>`;
}
