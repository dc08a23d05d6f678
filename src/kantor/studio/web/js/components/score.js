/** The piece in notation: follows the playhead, and selects as the roll does. */
import { html, useEffect, useRef, useSignal } from "../lib/html.js";
import { preview } from "../state/hearing.js";
import { engrave, layout, leave, parts, refusal, spans } from "../state/engraved.js";
import { piece, selection } from "../state/piece.js";
import { onKey } from "./score_keys.js";
import { ScorePart } from "./score_part.js";
import { ScoreTools } from "./score_tools.js";
import { RollSelection } from "./roll_selection.js";

const PAUSE = 120; // milliseconds in which changes are gathered
const NARROWEST = 280;

export function Score() {
  const open = piece.value;
  const page = useRef(/** @type {HTMLDivElement | null} */ (null));
  const width = useSignal(0);
  const [id, revision, take, kind, wide] = [open?.id, open?.revision ?? 0, preview.value, layout.value, width.value];
  useEffect(() => {
    if (!page.current) return;
    const watch = new ResizeObserver(([entry]) => {
      const next = Math.floor(entry.contentRect.width / 20) * 20;
      if (next && Math.abs(next - width.peek()) >= 20) width.value = Math.max(NARROWEST, next);
    });
    watch.observe(page.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (!id || !wide) return;
    const order = { id, revision, take, width: wide, layout: kind };
    const timer = setTimeout(() => engrave(order), parts.peek().size ? PAUSE : 0);
    return () => clearTimeout(timer);
  }, [id, revision, take, kind, wide]);
  useEffect(() => leave, []);
  if (!open) return null;
  const known = spans.value;
  return html`<div class="score">
    <${ScoreTools} />
    ${selection.value ? html`<${RollSelection} />` : null}
    <div class="score_scroll" role="application" tabindex="0" aria-label="Score" aria-describedby="score_summary" onKeyDown=${onKey}>
      <div class="score_page" ref=${page}>
        ${known.map((_, index) => html`<${ScorePart} key=${`${open.id} ${index}`} index=${index} part=${parts.value.get(index)} />`)}
        ${known.length ? null : html`<p class="loading">${refusal.value || "The score is being engraved…"}</p>`}
      </div>
    </div>
    <p class="hidden" id="score_summary">The score of the piece. Arrows move the playhead by beats, with Control by bars; Shift and arrows select bars; Escape selects nothing.</p>
  </div>`;
}
