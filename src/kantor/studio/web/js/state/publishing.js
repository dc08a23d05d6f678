/** What is published of the open piece, what is under way, and where one can publish. */
import { get, Problem, request, send } from "../lib/api.js";
import { on } from "../lib/events.js";
import { computed, signal } from "../lib/html.js";
import { piece, preview, saving } from "./opened.js";
import { saved } from "./saving.js";
import { fault, say } from "./ui.js";

/** @typedef {"page" | "gallery" | "soundcloud"} Target */
/**
 * @typedef {object} Publication
 * @property {string} id
 * @property {string} piece
 * @property {Target} target
 * @property {"running" | "done" | "failed"} state
 * @property {string} at
 * @property {string} title
 * @property {string} doing while it is under way
 * @property {number} done
 * @property {number} total 0 where it is not known how much there is to do
 * @property {string} url
 * @property {string} file
 * @property {string} place
 * @property {string} detail
 */
/**
 * @typedef {object} Places
 * @property {string} gallery
 * @property {boolean} gallery_is_fixed
 * @property {{is_set_up: boolean, is_logged_in: boolean, redirect: string, variables: string[],
 *   licenses: string[], attribution: string}} soundcloud
 */
/** @typedef {{target: Target, sharing: string, license: string, gallery: string}} Choice */

const KEY = "publishing";
/** @type {Choice} */
const FIRST = { target: "page", sharing: "private", license: "all-rights-reserved", gallery: "" };

/** @type {import("@preact/signals").Signal<Choice>} the last one, kept by the browser */
export const choice = signal({ ...FIRST, ...kept() });
/** @type {import("@preact/signals").Signal<Publication[]>} the newest first */
export const publications = signal([]);
/** @type {import("@preact/signals").Signal<Places | null>} null until they are known */
export const places = signal(null);
/** What a publication says of its making, of what is heard: words and texts. */
export const credits = signal(/** @type {{word: string, text: string}[]} */ ([]));
/** What went wrong last, in one line. */
export const refused = signal("");
/** Whether one is asked for, so that nobody asks twice. */
export const asking = signal(false);
export const underWay = computed(() => publications.value.find((one) => one.state === "running"));

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {Partial<Choice>} what */
export function choose(what) {
  choice.value = { ...choice.value, ...what };
  refused.value = "";
  localStorage.setItem(KEY, JSON.stringify(choice.value));
}

/** Ask where one can publish, what of the open piece is published, and its credits. */
export async function loadPublications() {
  const id = piece.value?.id;
  if (!id) return;
  try {
    const take = preview.value === null ? "" : `?take=${preview.value}`;
    const [where, its, told] = await Promise.all([
      get("/api/publishing"),
      get(`/api/pieces/${id}/publications`),
      get(`/api/pieces/${id}/credits${take}`),
    ]);
    places.value = where;
    if (piece.value?.id !== id) return;
    publications.value = its.publications;
    credits.value = told;
  } catch (error) {
    refused.value = said(error);
  }
}

/**
 * Publish the open piece, or the take that is on trial, as it is shown.
 * @param {string} description
 */
export async function publish(description) {
  if (asking.value) return;
  asking.value = true;
  refused.value = "";
  try {
    await saved();
    const open = piece.value;
    if (!open) return;
    if (saving.value !== "saved") throw new Problem(0, "The piece is not saved yet: publish it when it is.");
    const order = { ...choice.value, description, take: preview.value };
    told(await send("POST", `/api/pieces/${open.id}/publications`, order));
  } catch (error) {
    refused.value = said(error);
    fault(error);
  } finally {
    asking.value = false;
  }
}

/**
 * Take it out of its gallery, or delete the page.
 * @param {Publication} one
 */
export async function withdraw(one) {
  try {
    await request("DELETE", `/api/pieces/${one.piece}/publications/${one.id}`);
    publications.value = publications.value.filter((other) => other.id !== one.id);
    say(one.target === "soundcloud" ? "Taken off the list." : "No longer published there.");
  } catch (error) {
    refused.value = said(error);
  }
}

/** Forget the login at SoundCloud on this machine. */
export async function logOut() {
  try {
    await request("DELETE", "/api/soundcloud/login");
    await loadPublications();
    say("Logged out of SoundCloud.");
  } catch (error) {
    refused.value = said(error);
  }
}

/** @param {unknown} error */
const said = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Show how a publication stands.
 * @param {Publication} news
 */
function told(news) {
  if (news.piece !== piece.value?.id) return;
  const before = publications.value.find((one) => one.id === news.id);
  if (before && before.state !== "running") return; // the answer and the event say the same
  const isSame = (/** @type {Publication} */ one) =>
    one.id === news.id ||
    (news.state === "done" && one.state !== "running" && one.target === news.target && one.url === news.url &&
      one.file === news.file && one.place === news.place);
  const others = publications.value.filter((one) => !isSame(one));
  publications.value = news.state === "failed" ? others : [news, ...others];
  if (news.state === "failed") refused.value = news.detail;
  if (news.state === "failed") fault(news.detail);
  if (news.state === "done") say(`Published: ${news.detail}`);
}

on("publication", (data) => {
  if (!("login" in data)) return told(data);
  void loadPublications();
  if (data.login) say("Logged in at SoundCloud.");
  else refused.value = data.detail;
});
