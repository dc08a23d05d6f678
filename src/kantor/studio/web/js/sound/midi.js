/** MIDI keyboards by Web MIDI. Permission is asked for on a click, and never for sysex. */
import { computed, signal } from "../lib/html.js";
import { played } from "./played.js";

/** @type {import("@preact/signals").Signal<"off" | "asking" | "on" | "refused">} */
export const midi = signal("off");
/** What stands in the way, in a sentence or two. */
export const refusal = signal("");
/** @type {import("@preact/signals").Signal<string[]>} names of the connected keyboards */
export const keyboards = signal([]);
export const waiting = computed(() => midi.value === "on" && keyboards.value.length === 0);

/** Firefox lists what was plugged in when it was asked, and no more. */
const unnoticed = navigator.userAgent.includes("Firefox");

/** @type {MIDIAccess | null} */
let access = null;
/** @type {Map<string, Set<number>>} the keys that are down on each keyboard */
const down = new Map();

/** Ask the browser for its MIDI keyboards; to be called on a click. */
export async function connect() {
  refusal.value = "";
  if (!isSecureContext) return refuse(INSECURE);
  if (!navigator.requestMIDIAccess) return refuse(UNSUPPORTED);
  midi.value = "asking";
  try {
    access = await navigator.requestMIDIAccess();
  } catch (error) {
    return refuse(told(error));
  }
  midi.value = "on";
  access.onstatechange = look;
  look();
}

/** @param {string} why */
function refuse(why) {
  midi.value = "refused";
  refusal.value = why;
}

/** Listen to what is connected; release the notes of what no longer is. */
function look() {
  const names = [];
  const present = new Set();
  for (const input of access?.inputs.values() ?? []) {
    if (input.state !== "connected") continue;
    present.add(input.id);
    names.push(input.name || "MIDI keyboard");
    if (!down.has(input.id)) down.set(input.id, new Set());
    input.onmidimessage = hear;
  }
  for (const [id, keys] of down) {
    if (present.has(id)) continue;
    for (const pitch of keys) played(0x80, pitch);
    played(0xb0, 64, 0); // the pedal
    played(0xe0, 0, 64); // and the wheel
    down.delete(id);
  }
  keyboards.value = names;
}

/** @param {MIDIMessageEvent} event */
function hear(event) {
  if (!event.data) return;
  const [status, first, second = 0] = event.data;
  const kind = status & 0xf0;
  if (kind !== 0x80 && kind !== 0x90 && kind !== 0xb0 && kind !== 0xe0) return;
  const keys = down.get(/** @type {MIDIInput} */ (event.target)?.id);
  if (kind === 0x90 && second > 0) keys?.add(first);
  else if (kind === 0x80 || kind === 0x90) keys?.delete(first);
  played(kind, first, second, event.timeStamp || performance.now());
}

/** What to do while no keyboard is there. */
export const hint = unnoticed
  ? "No keyboard yet. Firefox does not notice one that is plugged in later: plug it in, then connect again."
  : "No keyboard yet. Plug one in: it is found by itself.";

const INSECURE =
  "Browsers give MIDI keyboards only to pages of this machine or over HTTPS. " +
  "Open Kantor at localhost, or play on the screen or with the computer's keys.";
const UNSUPPORTED =
  "This browser has no access to MIDI keyboards; Safari never has. " +
  "Use Chrome, Edge or Firefox, or play on the screen or with the computer's keys.";

/** @param {unknown} error */
function told(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") {
    return (
      "The browser was not allowed to use MIDI keyboards. Allow MIDI devices for this page (the sign " +
      "beside its address), then connect again. A computer without a MIDI system, such as a container, says this too."
    );
  }
  if (name === "InvalidStateError" || name === "NotSupportedError") {
    return (
      "This computer's MIDI system does not answer. Close other programs that use the keyboard " +
      "(on Linux: is ALSA there?), then connect again."
    );
  }
  if (name === "AbortError") return "The page was left while it asked for MIDI keyboards. Connect again.";
  return `MIDI keyboards cannot be reached: ${error instanceof Error ? error.message : error}`;
}
