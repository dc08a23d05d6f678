/** The server's events: `on("models", data => …)` from anywhere; one connection for all. */
import { signal } from "./html.js";

/** Whether the server answers. */
export const connected = signal(false);

/** @type {Map<string, Set<(data: any) => void>>} */
const listeners = new Map();
/** @type {EventSource | null} */
let source = null;

/**
 * @param {string} kind
 * @param {(data: any) => void} listener
 * @returns {() => void} ends it
 */
export function on(kind, listener) {
  let group = listeners.get(kind);
  if (!group) {
    group = new Set();
    listeners.set(kind, group);
    source?.addEventListener(kind, deliver);
  }
  group.add(listener);
  return () => void group.delete(listener);
}

/** Connect; the browser connects again by itself, and catches up. */
export function connect() {
  source = new EventSource("/api/events");
  source.onopen = () => (connected.value = true);
  source.onerror = () => (connected.value = false);
  for (const kind of listeners.keys()) source.addEventListener(kind, deliver);
}

/** @param {MessageEvent} event */
function deliver(event) {
  const data = JSON.parse(event.data);
  for (const listener of listeners.get(event.type) ?? []) listener(data);
}
