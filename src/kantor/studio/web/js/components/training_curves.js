/** The log as curves: losses, distance, gradient norms, and the measures beside Bach's band. */
import { html, signal, useEffect, useRef, useSignal } from "../lib/html.js";
import { course, current } from "../state/training.js";
import { draw } from "../lib/curves.js";
import { measure } from "../lib/glossary.js";
import { number } from "./training_progress.js";
import { What } from "./glossary.js";

/** @import {Course} from "../training_types.js" */

/** The colours are drawn, so they are drawn again where the scheme changes. */
const scheme = matchMedia("(prefers-color-scheme: dark)");
const dark = signal(scheme.matches);
scheme.addEventListener("change", () => (dark.value = scheme.matches));

const CHARTS = [
  { title: "Losses", term: "loss", columns: ["likelihood", "critic_loss", "generator_loss"] },
  { title: "Critic's distance", term: "wasserstein distance", columns: ["wasserstein"] },
  { title: "Gradient norms", term: "gradient norm", columns: ["gradient_norm_generator", "gradient_norm_critic"] },
];
const NAMES = /** @type {Record<string, string>} */ ({
  likelihood: "likelihood",
  critic_loss: "critic",
  generator_loss: "generator",
  wasserstein: "distance",
  gradient_norm_generator: "generator",
  gradient_norm_critic: "critic",
});
const FIRST = ["triad_or_seventh", "semitone_clash", "parallel_fifths", "complete_triads", "crossing", "parallel_octaves", "leaps_bass", "empty_bars", "pitch_classes", "in_best_scale"];

export function TrainingCurves() {
  const log = course.value;
  const all = useSignal(false);
  if (!log?.columns.iteration?.length) return null;
  const measured = Object.keys(log.labels).filter((name) => log.columns[`metric_${name}`]);
  const order = [...FIRST.filter((name) => measured.includes(name)), ...measured.filter((name) => !FIRST.includes(name))];
  return html`<section class="card" aria-labelledby="training-curves">
    <h2 id="training-curves">Curves</h2>
    <p class="key"><span class="key-band">Bach's band <${What} term="bach's band" /></span>
      <span class="key-phase">likelihood phase <${What} term="likelihood phase" /></span>
      <span class="plain">generator <${What} term="generator" /></span>
      <span class="plain">critic <${What} term="critic" /></span></p>
    <div class="charts">
      ${CHARTS.filter((one) => one.columns.some((name) => log.columns[name])).map((one) => html`<${Chart} key=${one.title} log=${log} title=${one.title} term=${one.term} columns=${one.columns.filter((name) => log.columns[name])} />`)}
    </div>
    ${order.length > 0 &&
    html`<h3>Measures of what it composes</h3>
      <div class="charts">
        ${order.slice(0, all.value ? undefined : FIRST.length).map((name) => html`<${Chart} key=${name} log=${log} title=${log.labels[name]} term=${measure(name)} columns=${[`metric_${name}`]} band=${log.reference[name]} />`)}
      </div>
      ${order.length > FIRST.length && html`<button onClick=${() => (all.value = !all.value)}>${all.value ? "Fewer measures" : `All ${order.length} measures`}</button>`}`}
  </section>`;
}

/** @param {{log: Course, title: string, columns: string[], term?: string, band?: {mean: number, sd: number}}} props */
function Chart({ log, title, columns, term, band }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const warmup = current.value?.warmup ?? 0;
  useEffect(() => {
    const host = place.current;
    if (!host) return undefined;
    const shown = draw(host, {
      xs: /** @type {number[]} */ (log.columns.iteration),
      lines: columns.map((name) => ({ name: NAMES[name] ?? "this model", values: /** @type {(number | null)[]} */ (log.columns[name]) })),
      band,
      warmup,
    });
    return () => void shown.then((one) => one.destroy());
  }, [log, columns.join(), warmup, dark.value]);
  const last = columns.map((name) => log.columns[name].findLast((value) => value !== null));
  const told = columns.map((name, at) => `${NAMES[name] ?? "now"} ${number(/** @type {number} */ (last[at]))}`).join(", ");
  return html`<figure class="chart">
    <figcaption>${title} ${term && html`<${What} term=${term} />`} <small>${told}${band ? `, Bach ${number(band.mean)}` : ""}</small></figcaption>
    <div ref=${place} class="curve" role="img" aria-label=${`${title}: ${told}${band ? `, Bach ${number(band.mean)}` : ""}`}></div>
  </figure>`;
}
