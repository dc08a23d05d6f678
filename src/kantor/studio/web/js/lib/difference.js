/** What changed between two values of plain data: small enough to keep for undo and redo. */

/**
 * @typedef {{path: (string | number)[], at?: number, old?: any, new?: any}} Difference
 * What stood at a path and what stands there now, undefined where there is nothing. With `at`,
 * `old` and `new` are elements of the array at the path, from that index on.
 */

/** @param {unknown} value */
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Whether two values hold the same.
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
export function same(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => key in other && same(one[key], other[key]));
}

/**
 * @param {any} before
 * @param {any} after
 * @param {(string | number)[]} [path]
 * @returns {Difference[]}
 */
export function differences(before, after, path = []) {
  if (same(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const alike = before.length === after.length && before.every(isRecord) && after.every(isRecord);
    if (!alike) return [splice(before, after, path)];
    return before.flatMap((one, index) => differences(one, after[index], [...path, index]));
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  return [{ path, old: before, new: after }];
}

/**
 * @param {any[]} before
 * @param {any[]} after
 * @param {(string | number)[]} path
 * @returns {Difference}
 */
function splice(before, after, path) {
  const most = Math.min(before.length, after.length);
  let at = 0;
  while (at < most && same(before[at], after[at])) at += 1;
  let tail = 0;
  while (tail < most - at && same(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail += 1;
  return { path, at, old: before.slice(at, before.length - tail), new: after.slice(at, after.length - tail) };
}

/**
 * A value with changes made, or with `back` taken back. What is not concerned stays the same object.
 * @template T
 * @param {T} value
 * @param {Difference[]} changes
 * @param {boolean} [back]
 * @returns {T}
 */
export function applied(value, changes, back = false) {
  const order = back ? [...changes].reverse() : changes;
  return order.reduce((now, one) => put(now, one.path, one, back), value);
}

/**
 * @param {any} value
 * @param {(string | number)[]} path
 * @param {Difference} one
 * @param {boolean} back
 * @returns {any}
 */
function put(value, path, one, back) {
  const [from, to] = back ? [one.new, one.old] : [one.old, one.new];
  if (path.length === 0) {
    if (one.at === undefined) return to;
    return [...value.slice(0, one.at), ...to, ...value.slice(one.at + from.length)];
  }
  const [key, ...rest] = path;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const next = put(copy[key], rest, one, back);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}
