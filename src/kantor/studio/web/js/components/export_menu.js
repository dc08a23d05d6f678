/** Take the piece away as a file: MIDI, MusicXML, sound, score, picture. */
import { request } from "../lib/api.js";
import { html, signal, useEffect, useRef } from "../lib/html.js";
import { layout } from "../state/engraved.js";
import { preview } from "../state/hearing.js";
import { piece, saved } from "../state/piece.js";
import { fault, say } from "../state/ui.js";
import { Icon } from "./icon.js";
import { printScore } from "./print.js";

/** @type {{group: string, about?: string, kinds: [kind: string, name: string, about: string][]}[]} */
const GROUPS = [
  { group: "Score", kinds: [["pdf", "PDF", "to print"], ["musicxml", "MusicXML", "for notation programs"], ["svg", "SVG", "a drawing"]] },
  { group: "Sound", about: "Muted voices are left out of the sound. All other files hold them.", kinds: [["mp3", "MP3", "small"], ["ogg", "Ogg Vorbis", "small, open"], ["wav", "WAV", "10 MB a minute"]] },
  { group: "Notes", kinds: [["mid", "MIDI", "for sequencers"], ["png", "PNG", "a picture of the roll"]] },
];

/** @type {import("@preact/signals").Signal<string[]>} the kinds that are being made */
const making = signal([]);

export function ExportMenu() {
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  useEffect(() => {
    const outside = (/** @type {Event} */ event) => {
      if (menu.current?.open && event.target instanceof Node && !menu.current.contains(event.target)) menu.current.open = false;
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, []);
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key !== "Escape" || !menu.current?.open) return;
    menu.current.open = false;
    menu.current.querySelector("summary")?.focus();
    event.preventDefault();
  };
  const take = preview.value;
  return html`<details class="export_menu" ref=${menu} onKeyDown=${press}>
    <summary class="button"><${Icon} name="download" />Export${making.value.length ? "…" : ""}</summary>
    <div class="export_list card">
      ${take === null ? null : html`<p class="note">Take ${take}, which you hear now</p>`}
      ${GROUPS.map(({ group, about, kinds }) => html`<fieldset>
        <legend>${group}</legend>
        ${kinds.map(([kind, name, what]) => html`<${Item} kind=${kind} name=${name} what=${what} />`)}
        ${about ? html`<p class="note">${about}</p>` : null}
      </fieldset>`)}
      <button class="export_item" onClick=${() => void printScore()}><strong>Print the score…</strong></button>
    </div>
  </details>`;
}

/** @param {{kind: string, name: string, what: string}} props */
function Item({ kind, name, what }) {
  const busy = making.value.includes(kind);
  return html`<button class="export_item" aria-disabled=${busy} data-kind=${kind} onClick=${() => void take(kind, name)}>
    <strong>${name}</strong><span>${busy ? "being made…" : what}</span>${busy ? html`<progress aria-label=${`${name} is being made`}></progress>` : null}
  </button>`;
}

/**
 * @param {string} kind
 * @param {string} name
 */
async function take(kind, name) {
  const open = piece.peek();
  if (!open || making.peek().includes(kind)) return;
  making.value = [...making.value, kind];
  const slow = setTimeout(() => say(`${name} is being made…`), 1500);
  try {
    await saved();
    const query = new URLSearchParams({ layout: layout.peek() });
    if (preview.peek() !== null) query.set("take", String(preview.peek()));
    const answer = await request("GET", `/api/pieces/${open.id}/export/${kind}?${query}`);
    const file = fileName(answer.headers.get("content-disposition") ?? "", `piece.${kind}`);
    const address = URL.createObjectURL(await answer.blob());
    const link = Object.assign(document.createElement("a"), { href: address, download: file });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    say(`${file} is in your downloads.`);
  } catch (error) {
    fault(error);
  } finally {
    clearTimeout(slow);
    making.value = making.value.filter((one) => one !== kind);
  }
}

/**
 * The name in a Content-Disposition header.
 * @param {string} header
 * @param {string} usual
 */
function fileName(header, usual) {
  const coded = /filename\*=utf-8''([^;]+)/i.exec(header);
  if (coded) return decodeURIComponent(coded[1]);
  return /filename="([^"]+)"/.exec(header)?.[1] ?? usual;
}
