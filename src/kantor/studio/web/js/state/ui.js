/** What the page as a whole knows: where we are, what was said, which shortcuts there are. */
import { signal } from "../lib/html.js";
import { registerShortcuts } from "./shortcuts.js";

/** @type {import("@preact/signals").Signal<string>} "/", "/library" or "/training" */
export const path = signal(location.pathname);

/**
 * Go to a view or a piece.
 * @param {string} to such as "/library"
 * @param {boolean} [instead] of where we are: the browser's "back" does not come here again
 */
export function go(to, instead = false) {
  if (to !== location.pathname + location.search) history[instead ? "replaceState" : "pushState"](null, "", to);
  path.value = new URL(to, location.href).pathname;
}

addEventListener("popstate", () => (path.value = location.pathname));

/** What screen readers tell; set it alone for what the eye sees anyway. */
export const announced = signal("");
/**
 * What happened last, shown for a while.
 * @type {import("@preact/signals").Signal<{text: string, kind: "info" | "fault", action?: {label: string, run: () => void}} | null>}
 */
export const notice = signal(null);

/**
 * Say what happened.
 * @param {string} text
 * @param {{label: string, run: () => void}} [action] such as to undo it
 */
export function say(text, action) {
  announced.value = text;
  notice.value = { text, kind: "info", action };
}

/**
 * Say what went wrong, in one line.
 * @param {unknown} error
 */
export function fault(error) {
  notice.value = { text: error instanceof Error ? error.message : String(error), kind: "fault" };
}

/**
 * A question that waits for an answer.
 * @type {import("@preact/signals").Signal<{title: string, text: string, yes: string, run: () => void} | null>}
 */
export const question = signal(null);
/** How many dialogs are open, one over the other. */
export const dialogs = signal(0);
export const helpOpen = signal(false);

/**
 * What runs here: `GET /api/status`.
 * @type {import("@preact/signals").Signal<{version: string, links: Record<string, string>, trainings: "flow" | "local", soundfont: {name: string, licence: string, source: string}} | null>}
 */
export const status = signal(null);

export { registerShortcuts, shortcuts, shortcutsOn, typing } from "./shortcuts.js";
registerShortcuts([{ keys: "?", what: "Help", group: "Everywhere", run: () => (helpOpen.value = true) }]);
