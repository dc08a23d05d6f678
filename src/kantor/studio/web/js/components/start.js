/** No piece yet: record, open a file, choose a sample, write, or start from nothing. */
import { html, useSignal } from "../lib/html.js";
import { createPiece } from "../state/piece.js";
import { phase, record } from "../state/recorder.js";
import { fault } from "../state/ui.js";
import { StartFile, over, reading } from "./start_file.js";
import { StartForm } from "./start_form.js";
import { StartRecent } from "./start_recent.js";
import { StartSamples } from "./start_samples.js";
import { Icon } from "./transport_icons.js";

export function Start() {
  const busy = useSignal(false);
  /** @param {unknown} order what `POST /api/pieces` takes */
  const create = async (order) => {
    if (busy.value) return;
    busy.value = true;
    try {
      await createPiece(order);
    } catch (error) {
      fault(error);
    } finally {
      busy.value = false;
    }
  };
  if (phase.value !== "idle") return null;
  const waits = busy.value || reading.value !== "";
  return html`<section class=${`start ${over.value ? "over" : ""}`} aria-labelledby="start" aria-busy=${waits}>
    <div class="start_head">
      <h2 id="start">Begin with a melody</h2>
      <p>Play four bars, or choose a tune. Kantor then composes the other voices.</p>
    </div>
    <div class="start_ways">
      <div class="card start_record">
        <h3>Record a melody</h3>
        <p>
          Play on the keys below, on your computer’s keys or on a MIDI keyboard. A metronome counts in one bar.
        </p>
        <button class="record" onClick=${() => void record().catch(fault)}>
          <${Icon} name="record" /> Record <kbd aria-hidden="true">Space</kbd></button>
      </div>
      <${StartFile} />
      <${StartForm} create=${create} />
      <${StartRecent} />
    </div>
    <${StartSamples} create=${create} />
  </section>`;
}
