/** SoundCloud: how to set it up, the login, who may hear the track. */
import { html } from "../lib/html.js";
import { choice, choose, logOut, places } from "../state/publishing.js";

/** @type {Record<string, string>} */
const LICENSES = {
  "all-rights-reserved": "All rights reserved",
  "cc-by-nc": "CC BY-NC",
  "cc-by-nc-sa": "CC BY-NC-SA",
  "cc-by-nc-nd": "CC BY-NC-ND",
  "cc-by": "CC BY",
  "cc-by-sa": "CC BY-SA",
  "cc-by-nd": "CC BY-ND",
};

export function SoundCloud() {
  const state = places.value?.soundcloud;
  if (!state) return null;
  if (!state.is_set_up) return html`<${SetUp} redirect=${state.redirect} variables=${state.variables} />`;
  if (!state.is_logged_in) {
    return html`<p class="row">
      <a class="button" href="/api/soundcloud/login" target="_blank" rel="noopener">Log in at SoundCloud</a>
      <span class="note">Opens SoundCloud's own page. Kantor never sees your password.</span>
    </p>`;
  }
  /** @param {Event & {currentTarget: HTMLSelectElement}} event */
  const share = (event) => choose({ sharing: event.currentTarget.value });
  /** @param {Event & {currentTarget: HTMLSelectElement}} event */
  const license = (event) => choose({ license: event.currentTarget.value });
  return html`<div class="row">
    <label class="field">Who may hear it
      <select value=${choice.value.sharing} onChange=${share}>
        <option value="private">Only me (private)</option>
        <option value="public">Everybody (public)</option>
      </select>
    </label>
    <label class="field">Licence of the track
      <select value=${choice.value.license} onChange=${license}>
        ${state.licenses.map((one) => html`<option value=${one}>${LICENSES[one] ?? one}</option>`)}
      </select>
    </label>
    <button type="button" class="quiet" onClick=${() => void logOut()}>Log out</button>
    <span class="note">${state.attribution}</span>
  </div>`;
}

/** @param {{redirect: string, variables: string[]}} props */
function SetUp({ redirect, variables }) {
  return html`<div class="note set_up">
    <p>SoundCloud accepts uploads from registered apps only. Register one for Kantor:</p>
    <ol>
      <li>Register an app at <code>soundcloud.com/you/apps</code>. SoundCloud asks for a paid account for that.</li>
      <li>Give it this redirect address: <code>${redirect}</code></li>
      <li>Set <code>${variables[0]}</code> and <code>${variables[1]}</code> in the environment to what
        SoundCloud shows, and start Studio again.</li>
    </ol>
  </div>`;
}
