/**
 * Plays a hearing by the sound's clock: events are handed to the synthesizer a moment ahead, each
 * with its time. What is changed meanwhile is heard after that moment.
 */
import { secondsAt, stepAt } from "../lib/music.js";
import { cut, seat, sound } from "./channels.js";
import { clock } from "./engine.js";
import { click, hush } from "./metronome.js";
import { firstFrom, soundings } from "./schedule.js";
import { compare, heardNow } from "./time.js";

/** @import {Hearing} from "../types.js" */
/** @import {Beat, Sounding} from "./schedule.js" */

const AHEAD = 0.15;
const TICK = 25;

/** @typedef {{time: number, step: number, timing: import("../lib/music.js").Timing, rate: number}} Anchor */

export class Player {
  /** @type {Hearing} */ #hearing;
  /** @type {Sounding[]} */ #notes = [];
  /** @type {number[]} the channel of each line */ #channels = [];
  /** @type {Map<string, {channel: number, pitch: number, end: number}>} what sounds, by channel and pitch */
  #held = new Map();
  /** @type {{channel: number, time: number}[]} notes handed over whose time has not come */ #early = [];
  /** @type {Anchor[]} */ #anchors = [];
  #step = 0; // up to which events were handed over, and when that is
  #time = 0;
  #timer = 0;
  #ended = Infinity;
  /** @type {[number, number] | null} */ loop = null;
  rate = 1;
  /** @type {Beat[]} clicks, where there is a metronome */ beats = [];

  /**
   * @param {Hearing} hearing
   * @param {() => void} onEnd called when the last note has been heard
   */
  constructor(hearing, onEnd) {
    this.#hearing = hearing;
    this.onEnd = onEnd;
  }

  /**
   * @param {number} step
   * @param {number} [after] not before this time of the sound's clock
   */
  start(step, after = 0) {
    compare();
    this.#time = Math.max(clock().context.currentTime + 0.02, after);
    this.#step = step;
    this.#ended = Infinity;
    this.#take(this.#hearing);
    this.#anchor();
    this.#catchUp();
    this.#tick();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  /** @returns {number} when the last of what was handed over has passed */
  stop() {
    clearInterval(this.#timer);
    const now = clock().context.currentTime;
    for (const { channel, pitch } of this.#held.values()) sound(channel, pitch, 0);
    for (const { channel, time } of this.#early) if (time > now) cut(channel, time);
    this.#held.clear();
    this.#early = [];
    this.#anchors = [];
    hush();
    return this.#time;
  }

  /** @param {number} step */
  seek(step) {
    this.start(step, this.stop());
  }

  /**
   * Go on with other notes: those that sound and are in both are held.
   * @param {Hearing} hearing
   */
  change(hearing) {
    this.#take(hearing);
    if (this.#step < hearing.steps) this.#ended = Infinity;
    this.#anchor();
    const kept = new Map();
    for (const note of this.#notes) {
      if (note.start > this.#step) break;
      if (note.end > this.#step) kept.set(this.#key(note), note.end);
    }
    for (const [key, note] of this.#held) {
      const end = kept.get(key);
      if (end !== undefined) note.end = end;
      else {
        sound(note.channel, note.pitch, 0, this.#time);
        this.#held.delete(key);
      }
    }
    this.#catchUp();
  }

  /** Take over another rate. @param {number} rate */
  setRate(rate) {
    this.rate = rate;
    this.#anchor();
  }

  /** The step that is heard now. */
  position() {
    const now = Math.min(heardNow(), this.#time);
    while (this.#anchors.length > 1 && this.#anchors[1].time <= now) this.#anchors.shift();
    const from = this.#anchors[0];
    if (!from) return this.#step;
    const seconds = secondsAt(from.timing, from.step) + Math.max(0, now - from.time) * from.rate;
    return Math.min(stepAt(from.timing, seconds), this.#hearing.steps);
  }

  /** @param {Hearing} hearing */
  #take(hearing) {
    this.#hearing = hearing;
    this.#channels = seat(hearing.lines);
    this.#notes = soundings(hearing);
  }

  #anchor(rate = this.rate) {
    const anchor = { time: this.#time, step: this.#step, timing: this.#hearing, rate };
    if (this.#anchors.at(-1)?.time === this.#time) this.#anchors.pop();
    this.#anchors.push(anchor);
  }

  /** @param {Sounding} note */
  #key(note) {
    return `${this.#channels[note.line]} ${note.pitch}`;
  }

  /** Sound the notes that began before the place where we begin. */
  #catchUp() {
    for (const note of this.#notes) {
      if (note.start >= this.#step) break;
      if (note.end > this.#step && !this.#held.has(this.#key(note))) this.#on(note, this.#time);
    }
  }

  /**
   * @param {Sounding} note
   * @param {number} time
   */
  #on(note, time) {
    const channel = this.#channels[note.line];
    sound(channel, note.pitch, note.velocity, time);
    this.#early.push({ channel, time });
    this.#held.set(this.#key(note), { channel, pitch: note.pitch, end: note.end });
  }

  #tick() {
    compare();
    const now = clock().context.currentTime;
    this.#early = this.#early.filter(({ time }) => time > now);
    if (this.#time < now - 0.5) this.#skip(now); // the computer slept
    while (this.#time < now + AHEAD && this.#ended === Infinity) this.#advance(now + AHEAD);
    if (heardNow() > this.#ended) {
      this.stop();
      this.onEnd();
    }
  }

  /** Stand still until now. @param {number} now */
  #skip(now) {
    this.#anchor(0);
    this.#time = now;
    this.#anchor();
  }

  /**
   * Hand over what comes until a time, or until the end of the loop or piece.
   * @param {number} until
   */
  #advance(until) {
    const timing = this.#hearing;
    const from = secondsAt(timing, this.#step);
    const base = this.#time;
    const bound = this.loop && this.#step < this.loop[1] ? this.loop[1] : timing.steps;
    const reached = stepAt(timing, from + (until - base) * this.rate);
    const to = Math.min(reached, bound);
    const at = (/** @type {number} */ step) => base + (secondsAt(timing, step) - from) / this.rate;
    this.#hand(to, at);
    // Not computed where it is known: rounding must not keep us from getting there.
    this.#time = to < bound ? until : Math.max(at(to), base);
    this.#step = to;
    if (to < bound) return;
    if (this.loop && bound === this.loop[1] && this.loop[1] > this.loop[0]) this.#jump(this.loop[0]);
    else this.#finish();
  }

  /**
   * @param {number} to a step
   * @param {(step: number) => number} at its time
   */
  #hand(to, at) {
    /** @type {{step: number, rank: number, run: () => void}[]} */
    const events = [];
    const off = (/** @type {{channel: number, pitch: number, end: number}} */ note) =>
      events.push({ step: note.end, rank: 0, run: () => sound(note.channel, note.pitch, 0, at(note.end)) });
    for (const [key, note] of this.#held) {
      if (note.end > to) continue;
      off(note);
      this.#held.delete(key);
    }
    for (let index = firstFrom(this.#notes, this.#step); index < this.#notes.length; index += 1) {
      const note = this.#notes[index];
      if (note.start >= to) break;
      events.push({ step: note.start, rank: 1, run: () => this.#on(note, at(note.start)) });
      if (note.end <= to) {
        const [key, end] = [this.#key(note), note.end];
        const channel = this.#channels[note.line];
        events.push({
          step: end,
          rank: 0,
          run: () => {
            sound(channel, note.pitch, 0, at(end));
            if (this.#held.get(key)?.end === end) this.#held.delete(key);
          },
        });
      }
    }
    for (const beat of this.beats) {
      if (beat.step >= this.#step && beat.step < to)
        events.push({ step: beat.step, rank: 1, run: () => click(at(beat.step), beat.accent) });
    }
    events.sort((a, b) => a.step - b.step || a.rank - b.rank);
    for (const event of events) event.run();
  }

  /** @param {number} step */
  #jump(step) {
    for (const { channel, pitch } of this.#held.values()) sound(channel, pitch, 0, this.#time);
    this.#held.clear();
    this.#step = step;
    this.#anchor();
    this.#catchUp();
  }

  #finish() {
    for (const { channel, pitch } of this.#held.values()) sound(channel, pitch, 0, this.#time);
    this.#held.clear();
    this.#ended = this.#time;
  }
}
