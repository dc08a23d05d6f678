/**
 * Lines and hands on the synthesizer's channels: one a line, the last for what is played in. Each
 * drum has one of its own, so that it can be mixed; the tenth is the first of them.
 */
import { instrument } from "./engine.js";

/** @import {Hearing} from "../types.js" */

const DRUMS = 9;
const LIVE = 15;
const PITCHED = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14];
const STRUCK = [DRUMS, ...PITCHED.toReversed()];
const ALL_OFF = 120;

/** @type {string[]} what each channel was set to last */
const known = [];

/**
 * Give each line a channel with its instrument, place and loudness.
 * @param {Hearing["lines"]} lines
 * @returns {number[]} the channel of each line
 */
export function seat(lines) {
  let [pitched, struck] = [0, 0];
  return lines.map((line) => {
    const channel = line.drum ? STRUCK[struck++ % STRUCK.length] : PITCHED[pitched++ % PITCHED.length];
    setUp(channel, line);
    return channel;
  });
}

/**
 * @param {number} channel
 * @param {{program: number, pan: number, volume: number, silent: boolean, drum: boolean}} line
 */
function setUp(channel, line) {
  const synth = instrument();
  if (!synth) return;
  const plays = line.drum ? "drums" : String(line.program);
  const facts = `${plays} ${line.pan} ${line.volume} ${line.silent}`;
  if (known[channel] === facts) return;
  const before = known[channel]?.split(" ")[0] ?? (channel === DRUMS ? "drums" : "");
  const settings = synth.midiChannels[channel];
  if (line.drum !== (before === "drums")) settings.setDrums(line.drum);
  if (plays !== before) synth.programChange(channel, line.drum ? 0 : line.program);
  settings.setSystemParameter("gain", line.silent ? 0 : line.volume);
  settings.setSystemParameter("pan", line.pan);
  known[channel] = facts;
}

/**
 * @param {number} channel
 * @param {number} pitch
 * @param {number} velocity 0 ends the note
 * @param {number} [time] of the sound's clock, in seconds; at once without it
 */
export function sound(channel, pitch, velocity, time) {
  const synth = instrument();
  const options = time === undefined ? undefined : { time };
  if (velocity > 0) synth?.noteOn(channel, pitch, velocity, options);
  else synth?.noteOff(channel, pitch, options);
}

/**
 * Cut a channel off at a time: what begins there is not heard.
 * @param {number} channel
 * @param {number} time
 */
export function cut(channel, time) {
  instrument()?.controllerChange(channel, ALL_OFF, 0, { time });
}

/** The instrument, 0 to 127, and loudness, 0 to 1, of what is played in. */
const hand = { program: 0, pan: 0, volume: 0.8, silent: false, drum: false };

/** @param {Partial<{program: number, volume: number}>} how */
export function setHand(how) {
  Object.assign(hand, how);
}

/**
 * Pass a MIDI message of a hand on at once.
 * @param {number} status its channel does not matter
 * @param {number} first
 * @param {number} second
 */
export function playIn(status, first, second) {
  setUp(LIVE, hand);
  instrument()?.sendMessage([(status & 0xf0) | LIVE, first, second]);
}
