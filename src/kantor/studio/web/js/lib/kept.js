/** Settings that this browser keeps over a reload. */
import { signal } from "./html.js";

/**
 * A signal whose value is kept.
 * @template T
 * @param {string} name
 * @param {T} usual where nothing is kept, or nothing of its kind
 * @returns {import("@preact/signals").Signal<T>}
 */
export function kept(name, usual) {
  const one = signal(read(name, usual));
  one.subscribe((value) => {
    try {
      localStorage.setItem(name, JSON.stringify(value));
    } catch {
      // the storage is full: it is not kept
    }
  });
  return one;
}

/**
 * @template T
 * @param {string} name
 * @param {T} usual
 * @returns {T}
 */
function read(name, usual) {
  try {
    const found = JSON.parse(localStorage.getItem(name) ?? "null");
    return found === null || (usual !== null && typeof found !== typeof usual) ? usual : found;
  } catch {
    return usual;
  }
}
