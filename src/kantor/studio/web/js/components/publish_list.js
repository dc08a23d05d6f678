/** What is published of the piece, with links; what is under way, with its progress. */
import { html } from "../lib/html.js";
import { piece } from "../state/opened.js";
import { publications, withdraw } from "../state/publishing.js";
import { fault, say } from "../state/ui.js";

/** @import {Publication} from "../state/publishing.js" */

const NAMES = { page: "Page", gallery: "Gallery", soundcloud: "SoundCloud" };

export function Publications() {
  if (!publications.value.length) return null;
  return html`<section class="publications" aria-label="Published">
    <h3>Published</h3>
    <ul>${publications.value.map((one) => html`<${One} key=${one.id} one=${one} />`)}</ul>
  </section>`;
}

/** @param {{one: Publication}} props */
function One({ one }) {
  const name = NAMES[one.target];
  if (one.state === "running") return html`<li><b>${name}</b> <${Progress} one=${one} /></li>`;
  const day = new Date(one.at).toLocaleDateString();
  const title = piece.value?.title ?? one.title;
  return html`<li>
    <b>${name}</b> <span class="note">${day} · ${one.detail}</span>
    <div class="row">
      ${one.url && html`<a class="button" href=${one.url} target="_blank" rel="noopener">Open<span class="hidden"> the ${name}</span></a>`}
      ${one.target === "page" && html`<a class="button" href=${one.url} download=${`${safe(title)}.html`}>Download</a>`}
      ${one.url && html`<button onClick=${() => void copy(one.url)}>Copy link</button>`}
      ${one.target !== "soundcloud" &&
      html`<button class="quiet" onClick=${() => void withdraw(one)}>${one.target === "page" ? "Delete" : "Take out"}</button>`}
      ${one.target !== "soundcloud" && html`<code>${one.file || one.place}</code>`}
    </div>
  </li>`;
}

/** @param {{one: Publication}} props */
function Progress({ one }) {
  const label = one.doing || "waiting";
  return html`<label class="progress">${label}
    <progress max=${one.total || 1} value=${one.total ? one.done : undefined}></progress>
  </label>`;
}

/**
 * A file's name of a title.
 * @param {string} title
 */
const safe = (title) => title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "") || "piece";

/** @param {string} url */
async function copy(url) {
  try {
    await navigator.clipboard.writeText(new URL(url, location.href).href);
    say("The link is copied.");
  } catch {
    fault(`This browser does not let the page copy; the link is ${new URL(url, location.href).href}`);
  }
}
