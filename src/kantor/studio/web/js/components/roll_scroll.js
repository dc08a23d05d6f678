/** Which part of the roll is in sight: only that and its neighbourhood is drawn. */
import { shownNotes } from "../state/hearing.js";
import { drawn, row, rowOf, yOf, zoom } from "../state/stage.js";

/** What is in sight, in pixels of the picture; kept so that no frame has to measure. */
export const sight = { left: 0, width: 800 };
/** Of the keys at the left, which cover a part of the width. */
const KEYS = 44;
/** Of the ruler and the chords, which cover a part of the height. */
const AROUND = 52;

/** @type {HTMLElement | null} */
let current = null;

/** Take note of where the roll stands, and draw more if the drawn part ends nearby. @param {HTMLElement} element */
export function rolled(element) {
  sight.left = element.scrollLeft;
  sight.width = Math.max(100, element.clientWidth - KEYS);
  const [from, to] = drawn.value;
  const left = sight.left / zoom.value;
  const width = sight.width / zoom.value;
  const margin = width / 3;
  const tooWide = to - from > 6 * width;
  if (tooWide || left - margin < from && from > 0 || left + width + margin > to) {
    drawn.value = [Math.max(0, Math.floor(left - width)), Math.ceil(left + 2 * width)];
  }
}

/**
 * Follow an element's size while it is there.
 * @param {HTMLElement} element
 * @returns {() => void} ends it
 */
export function followed(element) {
  current = element;
  element.scrollLeft = 0;
  const observer = new ResizeObserver(() => rolled(element));
  observer.observe(element);
  rolled(element);
  return () => observer.disconnect();
}

/** Bring the middle of all notes into sight, if the highest or the lowest of them is out of it. @param {HTMLElement} element */
export function showNotes(element) {
  let top = Infinity;
  let bottom = 0;
  for (const [line, notes] of shownNotes.peek().entries()) {
    for (const [, , pitch] of notes) {
      const y = yOf(rowOf(line, pitch));
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + row.peek());
    }
  }
  const room = element.clientHeight - AROUND;
  if (top < element.scrollTop || bottom > element.scrollTop + room) element.scrollTop = (top + bottom - room) / 2;
}

/**
 * Bring a step into sight.
 * @param {number} step
 * @param {number} [place] where in the width it comes to stand if it was out of sight, 0 to 1
 */
export function showStep(step, place = 0.1) {
  const x = step * zoom.value;
  if (!current || (x >= sight.left && x <= sight.left + sight.width - 8)) return;
  current.scrollLeft = x - sight.width * place;
  rolled(current);
}
