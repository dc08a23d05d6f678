/** Name, views, links to what else runs, whether it is saved, undo and redo, help. */
import { html } from "../lib/html.js";
import { canRedo, canUndo, future, past, piece, redo, saving, undo } from "../state/piece.js";
import { go, helpOpen, path, status } from "../state/ui.js";
import { Icon } from "./icon.js";

const SAVING = {
  saved: "saved",
  saving: "saving…",
  offline: "kept in this browser",
  conflict: "kept in this browser",
  refused: "kept in this browser",
};
const ELSEWHERE = { prefect: "Prefect", mlflow: "MLflow", service: "Reports" };

export function Header() {
  const open = piece.value;
  const links = status.value?.links ?? {};
  return html`<header class="header">
    <button class="skip" onClick=${skip}>Skip to content</button>
    <a class="brand" href=${home()} onClick=${follow}>Kantor</a>
    <nav class="views" aria-label="Views">
      <${View} to=${home()} view="/" text="Studio" />
      <${View} to="/library" view="/library" text="Library" />
      <${View} to="/training" view="/training" text="Training" />
    </nav>
    ${Object.keys(links).length > 0 &&
    html`<nav class="elsewhere" aria-label="What else runs">
      ${Object.entries(ELSEWHERE).map(([key, text]) => links[key] && html`<a href=${links[key]}>${text}</a>`)}
    </nav>`}
    <span class="spring"></span>
    ${open && path.value === "/" && html`<${Save} /><${Steps} />`}
    <button class="quiet icon" aria-label="Help and shortcuts" title="Help and shortcuts (?)" onClick=${() => (helpOpen.value = true)}>
      <${Icon} name="help" />
    </button>
  </header>`;
}

const home = () => (piece.value ? `/?piece=${piece.value.id}` : "/");

function Save() {
  return html`<span class=${`save ${saving.value}`} data-testid="saving">${SAVING[saving.value]}</span>`;
}

function Steps() {
  return html`<span class="steps">
    <${Step} what="Undo" keys="Ctrl+Z" label=${past.value.at(-1)?.label} can=${canUndo.value} run=${undo} />
    <${Step} what="Redo" keys="Ctrl+Shift+Z" label=${future.value.at(-1)?.label} can=${canRedo.value} run=${redo} />
  </span>`;
}

/** @param {{what: "Undo" | "Redo", keys: string, label?: string, can: boolean, run: () => void}} props */
function Step({ what, keys, label, can, run }) {
  const name = label ? `${what}: ${label}` : what;
  const icon = what === "Undo" ? "undo" : "redo";
  return html`<button class="quiet icon" aria-label=${name} title=${`${name} (${keys})`} disabled=${!can} onClick=${run}>
    <${Icon} name=${icon} />
  </button>`;
}

/** @param {{to: string, view: string, text: string}} props */
function View({ to, view, text }) {
  return html`<a href=${to} aria-current=${path.value === view ? "page" : undefined} onClick=${follow}>${text}</a>`;
}

/** @param {MouseEvent & {currentTarget: HTMLAnchorElement}} event */
function follow(event) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(/** @type {string} */ (event.currentTarget.getAttribute("href")));
}

/** Put the focus behind the header. */
function skip() {
  const main = document.querySelector("main");
  main?.setAttribute("tabindex", "-1");
  main?.focus();
}
