/** A small "?" that says in a few sentences what something is: `<${What} term="critic" />`. */
import { html, useRef } from "../lib/html.js";
import { glossary } from "../lib/glossary.js";

let count = 0;

/**
 * @param {{term: string}} props a key of the glossary
 */
export function What({ term }) {
  const id = useRef(`what-${(count += 1)}`);
  const { title, text } = glossary[term];
  return html`<span class="what">
    <button type="button" class="quiet what-button" popovertarget=${id.current} aria-label=${`What is this? ${title}`}>?</button>
    <span id=${id.current} popover="auto" class="what-text" role="note">
      <strong>${title}</strong> <span>${text}</span>
    </span>
  </span>`;
}
