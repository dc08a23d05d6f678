/** Playing by the computer's keys, by their place (`event.code`), so that every layout works. */
import { computed, effect, signal } from "../lib/html.js";
import { piece } from "../state/piece.js";
import { typing } from "../state/ui.js";
import { press, release } from "./played.js";

const LOWEST = 5;
const HIGHEST = 89;
const HOME = 53;
const LOWER = "KeyZ KeyS KeyX KeyD KeyC KeyV KeyG KeyB KeyH KeyN KeyJ KeyM Comma KeyL Period Semicolon Slash";
const UPPER =
  "KeyQ Digit2 KeyW Digit3 KeyE KeyR Digit5 KeyT Digit6 KeyY Digit7 KeyU KeyI Digit9 KeyO Digit0 KeyP";
const VELOCITY = 88;

/** The lowest key on the screen, an F. */
export const lowest = signal(HOME);

/** @param {number} octaves up, or down where negative */
export function shift(octaves) {
  lowest.value = Math.max(LOWEST, Math.min(HIGHEST, lowest.value + 12 * octaves));
}

/** @type {Map<string, number>} semitones above the lowest key on the screen */
const places = new Map([
  ...LOWER.split(" ").map((code, index) => /** @type {[string, number]} */ ([code, index + 7])),
  ...UPPER.split(" ").map((code, index) => /** @type {[string, number]} */ ([code, index + 19])),
]);

/** What is printed on the keys, at first as on an English keyboard; by `event.code`. */
const prints = signal(new Map([...places.keys()].map((code) => [code, printed(code)])));

/** @param {string} code */
function printed(code) {
  const signs = { Comma: ",", Period: ".", Semicolon: ";", Slash: "/" };
  return signs[/** @type {keyof typeof signs} */ (code)] ?? code.replace(/Key|Digit/, "");
}

/**
 * The computer keys that play a pitch, as printed.
 * @param {number} pitch
 */
export function keysOf(pitch) {
  const place = pitch - lowest.value;
  return [...places].filter(([, one]) => one === place).map(([code]) => prints.value.get(code) ?? "");
}

/** @type {Map<string, number>} the pitch that each key that is down plays */
const down = new Map();

/** @type {string | null} what was chosen by hand */
let chosen = localStorage.getItem("computer-keys");

/** @param {boolean} on */
export function playByKeys(on) {
  chosen = on ? "piano" : "shortcuts";
  localStorage.setItem("computer-keys", chosen);
  typing.value = on ? "piano" : "shortcuts";
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const place = places.get(event.code);
  const octave = { BracketLeft: -1, BracketRight: 1 }[event.code];
  if ((place === undefined && !octave) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing.value !== "piano" || elsewhere(event)) return;
  event.preventDefault();
  if (octave) return shift(octave);
  if (place === undefined) return;
  if (!event.repeat && !down.has(event.code)) {
    const pitch = lowest.value + place;
    down.set(event.code, pitch);
    press(pitch, VELOCITY, event.timeStamp);
  }
  if (event.key.length === 1 && prints.value.get(event.code) !== event.key.toUpperCase() && !event.shiftKey)
    prints.value = new Map(prints.value).set(event.code, event.key.toUpperCase());
}

/**
 * Whether a key is meant for a field or a dialog, or a digit for the takes.
 * @param {KeyboardEvent} event
 */
function elsewhere(event) {
  if (document.querySelector("dialog:modal")) return true;
  if (event.code.startsWith("Digit") && piece.value) return true;
  const { target } = event;
  return target instanceof HTMLElement && target.matches(TYPED);
}

const TYPED =
  "textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=button])";

/** @param {KeyboardEvent} event */
function released(event) {
  const pitch = down.get(event.code);
  if (pitch === undefined) return;
  down.delete(event.code);
  release(pitch, event.timeStamp);
}

function left() {
  for (const pitch of down.values()) release(pitch);
  down.clear();
}

addEventListener("keydown", pressed, true);
addEventListener("keyup", released, true);
addEventListener("blur", left);
// Without a piece there is nothing but playing to be done by keys, unless chosen otherwise.
const open = computed(() => piece.value !== null);
effect(() => {
  const alone = !open.value;
  const piano = chosen ? chosen === "piano" : alone;
  typing.value = piano ? "piano" : "shortcuts";
});
