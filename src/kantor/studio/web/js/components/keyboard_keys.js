/** The keys: struck by pointers (several at once, and gliding) or, with the focus, by Enter and Space. */
import { html, useRef, useSignal } from "../lib/html.js";
import { isBlack, noteName } from "../lib/music.js";
import { keysOf } from "../sound/computer_keys.js";
import { lit } from "../sound/lit.js";
import { held, press, release } from "../sound/played.js";
import { typing } from "../state/ui.js";

const SOFT = 45;
const LOUD = 118;

/** @type {Map<number, number>} the pitch that each pointer holds */
const pointers = new Map();

/** @param {{low: number, count: number}} props the lowest key, a white one, and how many */
export function Keys({ low, count }) {
  const focused = useSignal(7);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const pitches = Array.from({ length: count }, (_, index) => low + index).filter((pitch) => pitch < 128);
  const whites = pitches.filter((pitch) => !isBlack(pitch)).length;

  /** @param {KeyboardEvent} event */
  function keyed(event) {
    const pitch = pitchOf(event.target);
    if (pitch === null) return;
    const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -200, End: 200 };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (move) {
      const place = Math.max(0, Math.min(pitches.length - 1, pitch - low + move));
      focused.value = place;
      /** @type {HTMLElement | null | undefined} */ (
        box.current?.querySelector(`[data-pitch="${low + place}"]`)
      )?.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      if (!event.repeat) press(pitch, 90, event.timeStamp);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return html`<div class="keys" ref=${box} role="group" aria-label="Keys: arrows move, Enter plays"
    onPointerDown=${down} onPointerMove=${glide}
    onContextMenu=${(/** @type {Event} */ event) => event.preventDefault()}
    onKeyDown=${keyed} onKeyUp=${lifted} onBlurCapture=${lifted}>
    ${pitches.map((pitch, index) => {
      const before = pitches.slice(0, index).filter((one) => !isBlack(one)).length;
      const black = isBlack(pitch);
      const left = ((before - (black ? 0.3 : 0)) / whites) * 100;
      const label = typing.value === "piano" ? keysOf(pitch).join(" ") : "";
      return html`<button key=${pitch} data-pitch=${pitch} tabindex=${index === focused.value ? 0 : -1}
        class=${`${black ? "black" : "white"}${held.value.has(pitch) ? " held" : lit.value.has(pitch) ? " lit" : ""}`}
        style=${`left:${left}%;width:${((black ? 0.6 : 1) / whites) * 100}%`}
        aria-label=${spoken(pitch)} data-print=${label} data-name=${pitch % 12 ? "" : noteName(pitch)}></button>`;
    })}
  </div>`;
}

/** @param {number} pitch */
const spoken = (pitch) => noteName(pitch).replace("♯", " sharp ");

/** @param {EventTarget | null} target */
function pitchOf(target) {
  const key = target instanceof Element ? target.closest("[data-pitch]") : null;
  return key instanceof HTMLElement ? Number(key.dataset.pitch) : null;
}

/** @param {PointerEvent} event */
function down(event) {
  const pitch = pitchOf(event.target);
  if (pitch === null || event.button > 0) return;
  press(pitch, velocity(event), event.timeStamp);
  pointers.set(event.pointerId, pitch);
  // Touch holds on to the key that was struck; to glide we look at what is below the finger.
  /** @type {Element} */ (event.target).releasePointerCapture?.(event.pointerId);
  /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
}

/** @param {PointerEvent} event */
function glide(event) {
  const before = pointers.get(event.pointerId);
  if (before === undefined) return;
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const pitch = pitchOf(under);
  if (pitch === before) return;
  release(before, event.timeStamp);
  if (pitch === null) pointers.set(event.pointerId, -1);
  else {
    pointers.set(event.pointerId, pitch);
    press(pitch, velocity(event, /** @type {Element} */ (under)), event.timeStamp);
  }
}

/** @param {PointerEvent} event */
function up(event) {
  const pitch = pointers.get(event.pointerId);
  pointers.delete(event.pointerId);
  if (pitch !== undefined && pitch >= 0) release(pitch, event.timeStamp);
}

// The view may change while a key is held: it is released wherever the finger is lifted.
addEventListener("pointerup", up);
addEventListener("pointercancel", up);

/** @param {Event} event */
function lifted(event) {
  const pitch = pitchOf(event.target);
  const key = event instanceof KeyboardEvent ? event.key : "Enter";
  if (pitch === null || (key !== "Enter" && key !== " ") || !held.peek().has(pitch)) return;
  if ([...pointers.values()].includes(pitch)) return;
  release(pitch, event.timeStamp);
  event.preventDefault();
}

/**
 * The lower a key is struck, the louder.
 * @param {PointerEvent} event
 * @param {Element} [key]
 */
function velocity(event, key = /** @type {Element} */ (event.target)) {
  const { top, height } = (key.closest("[data-pitch]") ?? key).getBoundingClientRect();
  const share = Math.max(0, Math.min(1, (event.clientY - top) / height));
  return Math.round(SOFT + (LOUD - SOFT) * Math.sqrt(share));
}
