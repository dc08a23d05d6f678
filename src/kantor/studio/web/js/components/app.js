/** The page: header, one of three views, what happened, and the windows over it. */
import { html, useEffect, useRef } from "../lib/html.js";
import { piece } from "../state/piece.js";
import { path } from "../state/ui.js";
import { Conflict } from "./conflict.js";
import { Header } from "./header.js";
import { Help } from "./help.js";
import { Library } from "./library.js";
import { Notice } from "./notice.js";
import { Question } from "./question.js";
import { StudioView } from "./studio_view.js";
import { Training } from "./training.js";

const VIEWS = /** @type {Record<string, [name: string, view: Function]>} */ ({
  "/library": ["Library", Library],
  "/training": ["Training", Training],
});

export function App() {
  const [name, view] = VIEWS[path.value] ?? [piece.value?.title ?? "", StudioView];
  useEffect(() => void (document.title = [name, "Kantor Studio"].filter(Boolean).join(" · ")), [name]);
  useFocus(path.value);
  return html`<${Header} /><${view} /><${Notice} /><${Conflict} /><${Help} /><${Question} />`;
}

/**
 * Put the focus at the beginning of a view that was just changed to.
 * @param {string} where
 */
function useFocus(where) {
  const before = useRef(where);
  useEffect(() => {
    if (before.current === where) return;
    before.current = where;
    scrollTo(0, 0);
    const main = document.querySelector("main");
    main?.setAttribute("tabindex", "-1");
    main?.focus({ preventScroll: true });
  }, [where]);
}
