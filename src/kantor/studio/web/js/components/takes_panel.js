/** The takes side by side: hear, use, star, compare; those of earlier requests below. */
import { html, useEffect, useRef } from "../lib/html.js";
import { adopt, compare, earlierShown, leave, requests } from "../state/composing.js";
import { preview } from "../state/hearing.js";
import { piece } from "../state/piece.js";
import { TakeCard } from "./take_card.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** New takes come into sight. */
export function TakesPanel() {
  const groups = requests.value;
  const list = useRef(/** @type {HTMLUListElement | null} */ (null));
  const first = groups[0]?.[0].number ?? 0;
  const id = piece.value?.id;
  const before = useRef({ id, first });
  useEffect(() => {
    const isNew = before.current.id === id && first > before.current.first;
    before.current = { id, first };
    if (isNew) list.current?.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  }, [id, first]);
  if (!piece.value || groups.length === 0) return null;
  const [newest, ...earlier] = groups;
  const old = earlier.flat();
  return html`<section class="card takes_panel" aria-labelledby="takes_title">
    <div class="takes_head"><h2 id="takes_title">Takes</h2><${OnTrial} /></div>
    <ul class="takes" ref=${list}>${newest.map((take, index) => html`<${TakeCard} key=${take.number} take=${take} place=${index} />`)}</ul>
    ${old.length > 0 && html`<details open=${earlierShown.value}
      onToggle=${(/** @type {Event} */ event) => {
        earlierShown.value = /** @type {HTMLDetailsElement} */ (event.currentTarget).open;
      }}>
      <summary>Earlier takes (${old.length})</summary>
      ${earlierShown.value && html`<ul class="takes">${old.map((take, index) => html`<${TakeCard} key=${take.number} take=${take}
        place=${newest.length + index} />`)}</ul>`}
    </details>`}
  </section>`;
}

function OnTrial() {
  const number = preview.value;
  if (number === null) {
    return html`<p class="note">You see and hear the piece. Keys 1 to 9 play takes, <kbd>C</kbd> compares.</p>`;
  }
  return html`<div class="take_trial">
    <strong>Take ${number} is on trial.</strong>
    <div class="row"><button class="primary" onClick=${() => adopt(number)}>Use this <kbd aria-hidden="true">U</kbd></button>
      <button onClick=${compare} title="Change between the piece and the take">Compare <kbd aria-hidden="true">C</kbd></button>
      <button class="quiet" onClick=${leave}>Back to the piece</button></div>
  </div>`;
}
