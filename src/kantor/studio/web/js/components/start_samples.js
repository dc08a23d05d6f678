/** Sample melodies: hear one, or begin with it. */
import { get } from "../lib/api.js";
import { html, signal, useEffect, useSignal } from "../lib/html.js";
import { counted } from "../lib/music.js";
import { guest, play, playing, stop } from "../state/transport.js";
import { fault } from "../state/ui.js";
import { Icon } from "./transport_icons.js";

/** @typedef {{id: string, title: string, meter: string, key: string, bars: number, origin: string}} Sample */

/** @type {import("@preact/signals").Signal<Sample[] | null>} */
const samples = signal(null);
const FEW = 6;

/** @param {{create: (order: unknown) => void}} props */
export function StartSamples({ create }) {
  const heard = useSignal("");
  const all = useSignal(false);
  useEffect(() => {
    if (!samples.value) get("/api/samples").then((found) => (samples.value = found)).catch(fault);
    return () => {
      if (heard.value && guest.value) stop();
    };
  }, []);
  /** @param {Sample} one */
  const listen = async (one) => {
    if (heard.value === one.id && playing.value) return stop();
    heard.value = one.id;
    try {
      await play(await get(`/api/samples/${one.id}/hearing`));
    } catch (error) {
      fault(error);
    }
  };
  if (!samples.value?.length) return null;
  return html`<div class="start_samples">
    <h3>Take a sample melody</h3>
    <ul>
      ${(all.value ? samples.value : samples.value.slice(0, FEW)).map((one) => {
        const sounds = playing.value && heard.value === one.id && guest.value !== null;
        return html`<li key=${one.id} class="card">
          <button class="icon" aria-pressed=${sounds} aria-label=${`${sounds ? "Stop" : "Listen to"} ${one.title}`} onClick=${() => void listen(one)}>
            <${Icon} name=${sounds ? "stop" : "play"} /></button>
          <div class="start_sample">
            <strong>${one.title}</strong>
            <span class="note">${one.key.replace(/^([A-G])b /, "$1♭ ")} · ${one.meter} · ${counted(one.bars, "bar")}</span>
            <span class="note">${one.origin}</span>
          </div>
          <button aria-label=${`Use ${one.title}`} onClick=${() => create({ sample: one.id })}>Use</button>
        </li>`;
      })}
    </ul>
    ${samples.value.length > FEW &&
    html`<button class="quiet" aria-expanded=${all.value} onClick=${() => (all.value = !all.value)}>
      ${all.value ? "Show fewer" : `Show all ${samples.value.length}`}</button>`}
  </div>`;
}
