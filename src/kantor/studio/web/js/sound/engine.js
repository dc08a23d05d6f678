/**
 * The synthesizer: loaded when the page is, awake after the first touch of it.
 *
 * `window.kantorSound` is a hook for measurements: `{context, output}`, the clock and the node
 * through which all sound goes.
 */
import { signal } from "../lib/html.js";

/** @import {WorkletSynthesizer} from "spessasynth_lib" */

const PROCESSOR = "/web/vendor/spessasynth_lib-4.3.14/dist/spessasynth_processor.min.js";
const SOUNDFONT = "/soundfont.sf2";

/** @type {import("@preact/signals").Signal<"off" | "loading" | "ready" | "failed">} */
export const state = signal("off");
/** Why there is no sound, in one line; empty where there is. */
export const fault = signal("");
/** Whether there can be no sound here since the page came over plain HTTP from elsewhere. */
export const insecure = !isSecureContext;

/** @type {AudioContext | null} */
let context = null;
/** @type {GainNode | null} */
let output = null;
/** @type {WorkletSynthesizer | null} */
let synth = null;
/** @type {Promise<void> | null} */
let loading = null;

/** The clock by which sound is scheduled; it stands still until the page is touched. */
export function clock() {
  if (context && output) return { context, output };
  context = new AudioContext({ latencyHint: "interactive" });
  output = new GainNode(context, { gain: 0.9 });
  output.connect(context.destination);
  Object.assign(window, { kantorSound: { context, output } });
  return { context, output };
}

/** The synthesizer, or null while there is none. */
export const instrument = () => synth;

/** Load the synthesizer and its soundfont; what went wrong is in `fault`. */
export function load() {
  loading ??= prepare().then(
    () => void (state.value = "ready"),
    (error) => {
      state.value = "failed";
      fault.value = told(error);
      loading = null;
    },
  );
  return loading;
}

async function prepare() {
  state.value = "loading";
  fault.value = "";
  const { context, output } = clock();
  if (!context.audioWorklet) throw new Error("no worklet");
  const [{ WorkletSynthesizer }, font] = await Promise.all([
    import("spessasynth_lib"),
    soundfont(),
    context.audioWorklet.addModule(PROCESSOR),
  ]);
  const made = new WorkletSynthesizer(context, { eventsEnabled: false });
  made.connect(output);
  await made.soundBankManager.addSoundBank(font, "main");
  await made.isReady;
  synth = made;
}

async function soundfont() {
  const response = await fetch(SOUNDFONT);
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    throw new Error(problem?.detail ?? `The soundfont could not be loaded (${response.status}).`);
  }
  return response.arrayBuffer();
}

/** @param {unknown} error */
function told(error) {
  if (insecure) {
    return (
      "Browsers play no instruments on a page that comes from another machine by plain HTTP. " +
      "Listen to the recording instead (Export, MP3), or open Kantor on this machine."
    );
  }
  if (error instanceof TypeError) return "The sound could not be loaded: Kantor does not answer.";
  return `There is no sound: ${error instanceof Error ? error.message : error}`;
}

/** Wake the clock: to be called when the page is touched. Resolves when it runs. */
export async function wake() {
  const { context } = clock();
  if (context.state !== "running") await context.resume();
}

/** Let the first touch or key wake the clock, as browsers ask for. */
export function wakeOnTouch() {
  const kinds = ["pointerdown", "keydown", "touchend"];
  const touched = () => {
    void wake().then(() => kinds.forEach((kind) => removeEventListener(kind, touched, true)));
  };
  kinds.forEach((kind) => addEventListener(kind, touched, true));
}
