/** What one plays on: it stays in sight at the lower edge of the window. */
import { html, useEffect, useRef } from "../lib/html.js";

/** Its height is `--dock` of the style sheets, so that nothing stops behind it. @param {{children: unknown}} props */
export function Dock({ children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() => style.setProperty("--dock", `${box.current?.offsetHeight ?? 0}px`));
    observer.observe(/** @type {HTMLElement} */ (box.current));
    return () => {
      observer.disconnect();
      style.removeProperty("--dock");
    };
  }, []);
  return html`<div class="dock" ref=${box}>${children}</div>`;
}
