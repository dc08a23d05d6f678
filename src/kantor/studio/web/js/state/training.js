/** The present training, the form for the next one, and the moves of the champion. */
import { get, Problem, send } from "../lib/api.js";
import { on } from "../lib/events.js";
import { batch, computed, signal } from "../lib/html.js";
import { fault, say } from "./ui.js";

/** @import {Comparison, Course, Current, Form, Frame, Move, Run} from "../training_types.js" */

/** @type {import("@preact/signals").Signal<Form | null>} */
export const form = signal(null);
/** @type {import("@preact/signals").Signal<Current | null>} */
export const current = signal(null);
/** Why the trainings cannot be shown, such as a fault in params.yaml. */
export const refusal = signal("");
/** @type {import("@preact/signals").Signal<Run[]>} the newest first */
export const runs = signal([]);
/** @type {import("@preact/signals").Signal<Course | null>} the log of the present training */
export const course = signal(null);
/** @type {import("@preact/signals").Signal<number | null>} the seed to try where nothing has changed */
export const otherSeed = signal(null);
/** Whether one is just being started, which takes some seconds. */
export const starting = signal(false);
/** Whether a training of ours or somebody else's is at work. */
export const busy = computed(() => ["running", "stopping", "elsewhere"].includes(current.value?.status ?? ""));

const PAUSE = 1500; // between two looks at the whole log
let asked = "";
let due = 0;

export async function loadTrainings() {
  try {
    const answer = await get("/api/trainings");
    batch(() => {
      form.value = answer.form;
      runs.value = answer.runs;
      refusal.value = "";
    });
    follow(answer.current);
  } catch (error) {
    refusal.value = error instanceof Error ? error.message : String(error);
  }
}

/** @param {Current} seen */
function follow(seen) {
  const before = current.value;
  current.value = seen;
  if (before && before.id === seen.id) {
    if (before.status !== seen.status) told(seen);
    else if (before.film.state !== seen.film.state) void loadTrainings(); // which runs have a film
  }
  const mark = `${seen.id} ${seen.status} ${seen.rows}`;
  if (mark === asked || due) return;
  due = window.setTimeout(() => void loadCourse(), asked ? PAUSE : 0);
}

async function loadCourse() {
  due = 0;
  const seen = current.value;
  if (!seen) return;
  asked = `${seen.id} ${seen.status} ${seen.rows}`;
  try {
    course.value = await get("/api/trainings/current/history");
  } catch (error) {
    fault(error);
  }
}

/** @param {Current} seen */
function told(seen) {
  const text = /** @type {Record<string, string>} */ ({
    done: "The training is done: its version is registered.",
    stopped: "The training has stopped.",
    failed: `The training failed: ${seen.message}`,
  })[seen.status];
  if (text) say(text);
  if (!["running", "stopping"].includes(seen.status)) void loadTrainings();
}

on("training", follow);

/**
 * Start a training; without settings it goes on with those that stand in params.yaml.
 * @param {{preset?: string, settings?: Record<string, number>, sources?: string[]}} [wanted]
 */
export async function startTraining(wanted = {}) {
  if (starting.value) return;
  otherSeed.value = null;
  starting.value = true;
  try {
    follow(await send("POST", "/api/trainings", wanted));
    say("The training has started.");
    await loadTrainings();
  } catch (error) {
    if (error instanceof Problem && error.more.unchanged) otherSeed.value = error.more.seed;
    fault(error);
  }
  starting.value = false;
}

export async function stopTraining() {
  try {
    follow(await send("POST", "/api/trainings/current/stop", {}));
    say("Stopping. The training saves where it is.");
  } catch (error) {
    fault(error);
  }
}

/** @type {Map<string, Promise<Frame>>} */
const frames = new Map();

/**
 * What was composed at an iteration of the present training.
 * @param {number} iteration
 * @returns {Promise<Frame>}
 */
export function frame(iteration) {
  const key = `${current.value?.id} ${iteration}`;
  let found = frames.get(key);
  if (!found) {
    found = get(`/api/trainings/current/frames/${iteration}`);
    found.catch(() => frames.delete(key));
    frames.set(key, found);
  }
  return found;
}

export async function makeFilm() {
  try {
    follow(await send("POST", `/api/trainings/${current.value?.id}/film`, {}));
    say("The film is being made.");
  } catch (error) {
    fault(error);
  }
}

/**
 * @param {number} version
 * @returns {Promise<Comparison>}
 */
export const compare = (version) => get(`/api/champion/comparison?version=${version}`);

/** @returns {Promise<Move[]>} */
export const moves = () => get("/api/champion/moves");

/**
 * Make a version the champion.
 * @param {number} version
 * @param {string} why
 * @param {boolean} force
 * @returns {Promise<Move>}
 */
export const promote = (version, why, force) => send("POST", "/api/champion", { version, why, force });

/**
 * Go back to the champion before.
 * @param {string} why
 * @param {boolean} force
 * @returns {Promise<Move>}
 */
export const rollBack = (why, force) => send("POST", "/api/champion/rollback", { why, force });
