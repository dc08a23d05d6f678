/** "What is this?": a few sentences each, from the one glossary, which the server writes into the page. */

const words = /** @type {HTMLElement} */ (document.getElementById("glossary")).textContent;

/** @type {Record<string, {title: string, text: string}>} */
export const glossary = JSON.parse(words);

/**
 * The term that explains a measure, if there is one: "leaps" for `leaps_bass`.
 * @param {string} name
 */
export const measure = (name) =>
  Object.keys(glossary)
    .filter((term) => `${name}_`.startsWith(`${term.replaceAll(" ", "_")}_`))
    .sort((one, other) => other.length - one.length)[0];
