/** Clicks: short tones by the sound's clock, so that they need no instrument. */
import { clock } from "./engine.js";

/** @type {Set<OscillatorNode>} */
const pending = new Set();

/**
 * @param {number} time of the sound's clock, in seconds
 * @param {boolean} accent of a bar's first beat
 */
export function click(time, accent) {
  const { context, output } = clock();
  const tone = new OscillatorNode(context, { type: "triangle", frequency: accent ? 1760 : 1174 });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(accent ? 0.5 : 0.32, time);
  gain.gain.exponentialRampToValueAtTime(0.001, time + 0.05);
  tone.connect(gain).connect(output);
  tone.start(time);
  tone.stop(time + 0.06);
  pending.add(tone);
  tone.onended = () => {
    pending.delete(tone);
    gain.disconnect();
  };
}

/** Take back the clicks that are still to come. */
export function hush() {
  for (const tone of pending) tone.stop();
}
