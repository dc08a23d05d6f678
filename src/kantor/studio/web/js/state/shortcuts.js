/**
 * Keys that do something anywhere on the page. A key is named by its modifiers and `event.key`:
 * "Space", "R", "1", "?", "ArrowLeft", "Ctrl+Z", "Ctrl+Shift+Z"; Ctrl stands for ⌘ as well.
 */
import { signal } from "../lib/html.js";

/** Whether keys without Ctrl are shortcuts (WCAG 2.1.4: they can be switched off). */
export const shortcutsOn = signal(localStorage.getItem("shortcuts") !== "off");
/**
 * What the letter keys do. As a "piano" they play notes, and only Space, Escape, digits, arrows
 * and the like, and those with Ctrl stay shortcuts.
 * @type {import("@preact/signals").Signal<"shortcuts" | "piano">}
 */
export const typing = signal(localStorage.getItem("typing") === "piano" ? "piano" : "shortcuts");

shortcutsOn.subscribe((on) => localStorage.setItem("shortcuts", on ? "on" : "off"));
typing.subscribe((mode) => localStorage.setItem("typing", mode));

/**
 * @typedef {{keys: string, what: string, group: string, run: (event: KeyboardEvent) => unknown}} Shortcut
 * If `run` returns false, it was not concerned, and what was registered before it is asked.
 */
/** @type {Shortcut[]} the last registered first */
export const shortcuts = [];

/**
 * Add shortcuts; one of the same keys and group is replaced.
 * @param {Shortcut[]} some
 */
export function registerShortcuts(some) {
  for (const one of some) {
    const at = shortcuts.findIndex((old) => old.keys === one.keys && old.group === one.group);
    if (at >= 0) shortcuts.splice(at, 1);
    shortcuts.unshift(one);
  }
}

/**
 * The names that a pressed key may be registered by: as printed, and as a digit of its row.
 * @param {KeyboardEvent} event
 */
export function keyNames(event) {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const alt = event.altKey ? "Alt+" : "";
  const shift = event.shiftKey ? "Shift+" : "";
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const letter = /^\p{L}$/u.test(key);
  const names = [control + alt + (letter || key.length > 1 ? shift : "") + key];
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  if (digit) names.push(control + alt + shift + digit[1]);
  return [...new Set(names)];
}

/** @param {KeyboardEvent} event */
function dispatch(event) {
  if (event.defaultPrevented || event.isComposing || !wanted(event)) return;
  const names = keyNames(event);
  const found = shortcuts.filter((one) => names.includes(one.keys));
  for (const one of found) {
    if (one.run(event) === false) continue;
    event.preventDefault();
    return;
  }
}

/**
 * Whether a key is meant for the page, and not for what has the focus, a dialog or the piano.
 * @param {KeyboardEvent} event
 */
function wanted(event) {
  if (document.querySelector("dialog:modal")) return false;
  const { target } = event;
  const control = event.ctrlKey || event.metaKey;
  const listed = control && target instanceof HTMLSelectElement; // it knows no such keys
  if (target instanceof HTMLElement && !listed && takes(target, event.key)) return false;
  if (control) return true;
  const printed = event.key.length === 1;
  if (!shortcutsOn.value && printed) return false;
  return typing.value !== "piano" || !printed || /[\d ?]/.test(event.key) || /\d$/.test(event.code);
}

const TYPED = "textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=button])";
const MOVED = "input[type=range], input[type=radio], [role=slider], [role=radio], [role=tab], [role=menuitem], [role=option]";
const PRESSED = "button, a[href], summary, input[type=checkbox], input[type=radio], [role=button], [role=menuitem]";
const MOVES = /^(Arrow|Home|End|Page)/;

/**
 * Whether the control with the focus needs a key itself.
 * @param {HTMLElement} target
 * @param {string} key
 */
function takes(target, key) {
  if (target.matches(TYPED)) return true;
  if (MOVES.test(key)) return target.matches(MOVED);
  // A control that was clicked keeps the focus; Space is then meant to play.
  return (key === "Enter" || (key === " " && !byPointer)) && target.closest(PRESSED) !== null;
}

let byPointer = false;
addEventListener("pointerdown", () => (byPointer = true), true);
addEventListener("keydown", (event) => {
  if (event.key === "Tab" || MOVES.test(event.key)) byPointer = false;
}, true);
addEventListener("keydown", dispatch);
