/** The sound's clock and the page's: when something is heard, and what was heard when a key fell. */
import { clock } from "./engine.js";

/** Milliseconds of the page's clock at the sound's zero, smoothed; null until it is known. */
/** @type {number | null} */
let zero = null;

/**
 * How many seconds pass from the clock to the ear, as far as the browser knows.
 * @param {AudioContext} context
 */
export function latency(context) {
  return context.outputLatency || context.baseLatency || 0;
}

/** Compare the clocks; cheap, and done at every tick of what plays. */
export function compare() {
  const { context } = clock();
  const stamp = context.getOutputTimestamp?.();
  const known = stamp?.performanceTime && stamp.contextTime;
  const seen = known
    ? Number(stamp.performanceTime) - Number(stamp.contextTime) * 1000
    : performance.now() - (context.currentTime - latency(context)) * 1000;
  zero = zero === null || Math.abs(seen - zero) > 60 ? seen : zero + (seen - zero) * 0.1;
  return zero;
}

/** The sound's time, in seconds, that is heard now. */
export function heardNow() {
  return heardAt(performance.now());
}

/**
 * The sound's time, in seconds, that was heard at a time of the page's clock.
 * @param {number} stamp milliseconds, such as an event's `timeStamp`
 */
export function heardAt(stamp) {
  return (stamp - (zero ?? compare())) / 1000;
}
