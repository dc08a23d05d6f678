/** What is seldom set: the delay of the keyboard, and how far playback keeps to the grid. */
import { html } from "../lib/html.js";
import { latencyMs } from "../state/recording_settings.js";
import { Icon } from "./transport_icons.js";

export function TransportSettings() {
  return html`<details class="popover">
    <summary class="button icon" aria-label="Settings of recording" title="Settings of recording"><${Icon} name="settings" /></summary>
    <div class="card">
      <label class="field">Delay taken off, in milliseconds
        <input type="number" min="-200" max="500" step="1" value=${latencyMs.value}
          onChange=${(/** @type {any} */ event) =>
            (latencyMs.value = Math.max(-200, Math.min(500, Number(event.currentTarget.value) || 0)))} /></label>
      <p class="note">If your recorded notes come late, set how late. The delay of the sound itself is taken off already.</p>
    </div>
  </details>`;
}
