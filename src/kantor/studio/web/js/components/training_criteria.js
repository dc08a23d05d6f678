/** The three criteria by which a training may stop, what each means, and how near it is. */
import { html } from "../lib/html.js";
import { What } from "./glossary.js";

/** @import {Criterion} from "../training_types.js" */

/** @type {{title: string, what: string, term?: string, names: Criterion["name"][]}[]} */
const CRITERIA = [
  {
    title: "The budget is used up",
    what: "All iterations are done, or the time is over, whichever comes first.",
    names: ["budget", "time"],
  },
  {
    title: "The critic no longer improves",
    what: "Its distance has stopped changing: the generator has nothing more to learn from it.",
    term: "wasserstein distance",
    names: ["critic"],
  },
  {
    title: "The measures are Bach's",
    what: "What the model composes comes as near to Bach's chorales as the settings ask, several times one after another.",
    term: "bach's band",
    names: ["converged"],
  },
];
const LABELS = { budget: "Iterations", time: "Time", critic: "The critic no longer improves", converged: "The measures are Bach's" };

/** @param {{stop: Criterion[]}} props */
export function TrainingCriteria({ stop }) {
  return html`<h3>When it may stop</h3>
    <p class="note">There are three criteria. The first one that is met ends the training.</p>
    <ol class="criteria">${CRITERIA.map(({ title, what, term, names }) => {
      const own = stop.filter((one) => names.includes(one.name));
      const met = own.some((one) => one.met);
      return html`<li key=${title} class=${met ? "met" : ""}>
        <p><strong>${title}${met ? ": met" : ""}</strong> ${term && html`<${What} term=${term} />`}</p>
        <p class="note">${what}</p>
        ${own.map((one) => html`<div key=${one.name} class="gauge">
          <meter min="0" max="1" value=${one.share} aria-label=${LABELS[one.name]}></meter>
          <small>${counted(one.text)}</small></div>`)}
      </li>`;
    })}</ol>`;
}

/** A log of one row is written down as "1 rows". @param {string} text */
const counted = (text) => text.replace(/^1 rows\b/, "1 row");
