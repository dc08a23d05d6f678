/** The playhead: moved frame by frame without drawing anything again; the roll turns its page. */
import { effect, html, useEffect, useRef } from "../lib/html.js";
import { zoom } from "../state/stage.js";
import { onFrame, playing, position } from "../state/transport.js";
import { showStep, sight } from "./roll_scroll.js";

export function Playhead() {
  const head = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    let inSight = true;
    const move = (/** @type {number} */ step) => {
      const x = step * zoom.peek();
      if (head.current) head.current.style.transform = `translateX(${x}px)`;
      const visible = x >= sight.left && x <= sight.left + sight.width - 8;
      if (!visible && inSight && playing.peek()) showStep(step, 0.06);
      inSight = visible || (inSight && playing.peek());
    };
    const ends = [
      onFrame(move),
      effect(() => {
        zoom.value;
        move(position.value);
      }),
      effect(() => {
        if (!playing.value) return;
        inSight = true;
        showStep(position.peek(), 0.06);
      }),
    ];
    return () => ends.forEach((end) => end());
  }, []);
  return html`<div class="roll_playhead" ref=${head} aria-hidden="true"></div>`;
}
