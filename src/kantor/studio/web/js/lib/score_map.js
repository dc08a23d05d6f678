/**
 * Where the notes and bars of an engraved part stand, in pixels from the part's corner. The server
 * gives note heads the ids `n-LINE-START-END` and bars `m-START-END`, in steps.
 */

/** @typedef {{line: number, start: number, end: number, element: Element}} Head */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Box */
/** @typedef {Box & {start: number, end: number, staves: Box[], places: [step: number, x: number][]}} Bar */
/** @typedef {{heads: Head[], bars: Bar[]}} ScoreMap */

const LONGEST = 32; // steps of a note head

/**
 * @param {Element} part holds one SVG
 * @returns {ScoreMap}
 */
export function mapOf(part) {
  const corner = part.getBoundingClientRect();
  const heads = [...part.querySelectorAll("g.note[id^='n-']")].map((element) => {
    const [line, start, end] = element.id.slice(2).split("-").map(Number);
    return { line, start, end, element };
  });
  heads.sort((one, other) => one.start - other.start);
  const bars = [...part.querySelectorAll("g.measure[id^='m-']")].map((element) => barOf(element, corner));
  return { heads, bars: bars.filter((bar) => bar.staves.length) };
}

/**
 * @param {Element} element
 * @param {DOMRect} corner
 * @returns {Bar}
 */
function barOf(element, corner) {
  const [start, end] = element.id.slice(2).split("-").map(Number);
  const staves = [...element.querySelectorAll(":scope > g.staff")].map((staff) => staffOf(staff, corner)).filter((box) => box !== null);
  /** @type {Map<number, number>} */
  const places = new Map();
  for (const head of element.querySelectorAll("g.note[id^='n-']")) {
    const step = Number(head.id.split("-")[2]);
    const shape = head.querySelector(".notehead") ?? head;
    const { left } = shape.getBoundingClientRect();
    places.set(step, Math.min(places.get(step) ?? Infinity, left - corner.left));
  }
  const sorted = [...places].sort((one, other) => one[0] - other[0]);
  return {
    start, end, staves, places: sorted,
    left: Math.min(...staves.map((box) => box.left)), right: Math.max(...staves.map((box) => box.right)),
    top: Math.min(...staves.map((box) => box.top)), bottom: Math.max(...staves.map((box) => box.bottom)),
  };
}

/**
 * The lines of a staff, without what stands above and below.
 * @param {Element} staff
 * @param {DOMRect} corner
 * @returns {Box | null}
 */
function staffOf(staff, corner) {
  const lines = [...staff.querySelectorAll(":scope > path")].map((path) => path.getBoundingClientRect());
  if (!lines.length) return null;
  return {
    left: Math.min(...lines.map((box) => box.left)) - corner.left, right: Math.max(...lines.map((box) => box.right)) - corner.left,
    top: Math.min(...lines.map((box) => box.top)) - corner.top, bottom: Math.max(...lines.map((box) => box.bottom)) - corner.top,
  };
}

/**
 * The heads that sound at a step.
 * @param {ScoreMap} map
 * @param {number} step
 */
export function soundingAt({ heads }, step) {
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (heads[middle].start <= step) low = middle + 1;
    else high = middle;
  }
  const found = [];
  for (let at = low - 1; at >= 0 && heads[at].start > step - LONGEST; at -= 1) {
    if (heads[at].end > step) found.push(heads[at]);
  }
  return found;
}

/**
 * @param {ScoreMap} map
 * @param {number} step
 */
export const barWith = ({ bars }, step) => bars.find((bar) => bar.start <= step && step < bar.end);

/**
 * Where a step stands within its bar.
 * @param {Bar} bar
 * @param {number} step
 */
export function xOf(bar, step) {
  let [from, left] = [bar.start, bar.places[0]?.[0] === bar.start ? bar.places[0][1] : bar.left + 8];
  for (const [place, x] of [...bar.places, /** @type {[number, number]} */ ([bar.end, bar.right])]) {
    if (place > step) return left + ((x - left) * (step - from)) / (place - from);
    [from, left] = [place, x];
  }
  return bar.right;
}

/**
 * The bar at a place, or the nearest of the system there.
 * @param {ScoreMap} map
 * @param {number} x
 * @param {number} y
 */
export function barNear({ bars }, x, y) {
  let best = null;
  let least = Infinity;
  for (const bar of bars) {
    const down = Math.max(bar.top - y, 0, y - bar.bottom);
    const across = Math.max(bar.left - x, 0, x - bar.right);
    if (down * 4 + across < least) [best, least] = [bar, down * 4 + across];
  }
  return best;
}

/**
 * The last step at which a note begins left of a place; the bar's start where there is none.
 * @param {Bar} bar
 * @param {number} x
 */
export function stepIn(bar, x) {
  let step = bar.start;
  for (const [place, left] of bar.places) if (left - 4 <= x) step = place;
  return step;
}

/**
 * @param {Bar} bar
 * @param {number} y
 */
export function staffNear(bar, y) {
  const away = bar.staves.map((box) => Math.max(box.top - y, 0, y - box.bottom));
  return away.indexOf(Math.min(...away));
}

/**
 * The lines of each staff, from the top.
 * @param {{kind: string}[]} lines
 * @param {"open" | "closed"} layout
 */
export function linesOfStaves(lines, layout) {
  const together = layout === "closed" ? 2 : 1;
  /** @type {number[][]} */
  const staves = [];
  for (const [index, line] of lines.entries()) {
    const last = staves.at(-1);
    const joins = line.kind === "drum" ? lines[index - 1]?.kind === "drum" : (last?.length ?? together) < together;
    if (last && joins) last.push(index);
    else staves.push([index]);
  }
  return staves;
}
