/** What is being composed, for how long already, and the button that stops it. */
import { html, useEffect, useSignal } from "../lib/html.js";
import { cancel, composing } from "../state/composing.js";

export function ComposeProgress() {
  const under = composing.value;
  const now = useSignal(0);
  useEffect(() => {
    if (!under) return;
    now.value = Date.now();
    const timer = setInterval(() => (now.value = Date.now()), 500);
    return () => clearInterval(timer);
  }, [under]);
  if (!under) return null;
  const seconds = Math.max(0, Math.floor((now.value - under.began) / 1000));
  return html`<div class="compose_progress">
    <progress aria-label=${under.what}></progress>
    <span class="note">${seconds < 2 ? "Composing…" : `Composing… ${seconds} s`}</span>
    <button onClick=${cancel} title="Stop composing (Escape)">Stop</button>
  </div>`;
}
