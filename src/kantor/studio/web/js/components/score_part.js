/** A part of the score: its music, what is selected, the playhead. */
import { effect, html, useEffect, useLayoutEffect, useRef, useSignal } from "../lib/html.js";
import { barWith, linesOfStaves, mapOf, soundingAt, xOf } from "../lib/score_map.js";
import { layout, sighted } from "../state/engraved.js";
import { piece, selection } from "../state/piece.js";
import { onFrame, playing, position } from "../state/transport.js";
import { pointed } from "./score_pointer.js";

/** @import {Bar, Head, ScoreMap} from "../lib/score_map.js" */

const USUAL = 900; // pixels that a part is taken to be high before it is there

/** @param {{index: number, part: import("../state/engraved.js").Part | undefined}} props */
export function ScorePart({ index, part }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const music = useRef(/** @type {HTMLDivElement | null} */ (null));
  const high = useRef(USUAL);
  const map = useSignal(/** @type {ScoreMap | null} */ (null));
  useLayoutEffect(() => {
    if (!music.current) return;
    music.current.innerHTML = part?.svg ?? "";
    if (!part) return void (map.value = null);
    const measure = () => {
      if (!box.current || !music.current) return;
      map.value = mapOf(music.current);
      high.current = box.current.offsetHeight;
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(music.current);
    return () => watch.disconnect();
  }, [part?.key]);
  useEffect(() => {
    if (!box.current) return;
    const watch = new IntersectionObserver(([entry]) => sighted(index, entry.isIntersecting), { rootMargin: "1200px" });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => (box.current ? pointed(box.current, map) : undefined), []);
  return html`<div class="score_part" ref=${box} style=${part ? {} : { minHeight: `${high.current}px` }}>
    <${Selected} map=${map.value} />
    <div class="score_music" ref=${music} aria-hidden="true"></div>
    <${Playhead} map=${map.value} />
  </div>`;
}

/** @param {{map: ScoreMap | null}} props */
function Selected({ map }) {
  const open = piece.value;
  const region = selection.value;
  if (!map || !open || !region) return null;
  const staves = linesOfStaves(open.lines, layout.value);
  const all = region.lines.length === open.lines.length;
  const bands = [];
  for (const bar of map.bars) {
    const [from, to] = [Math.max(bar.start, region.start), Math.min(bar.end, region.end)];
    if (from >= to) continue;
    const left = from === bar.start ? bar.left : xOf(bar, from) - 4;
    const right = to === bar.end ? bar.right : xOf(bar, to) - 4;
    const boxes = all ? [bar] : bar.staves.filter((_, staff) => staves[staff]?.some((line) => region.lines.includes(line)));
    for (const { top, bottom } of boxes) bands.push({ left, top: top - 8, width: right - left, height: bottom - top + 16 });
  }
  return bands.map((band) => html`<div class="score_band" aria-hidden="true" style=${Object.fromEntries(Object.entries(band).map(([name, value]) => [name, `${value}px`]))}></div>`);
}

/** Follows the sound without drawing anything again. @param {{map: ScoreMap | null}} props */
function Playhead({ map }) {
  const line = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    if (!map) return;
    /** @type {Set<Head>} */
    let sounding = new Set();
    /** @type {Bar | undefined} */
    let bar;
    let at = -1;
    const move = (/** @type {number} */ step) => {
      const whole = Math.floor(step);
      if (whole !== at) {
        at = whole;
        const now = new Set(soundingAt(map, whole));
        for (const head of sounding) if (!now.has(head)) head.element.classList.remove("sounding");
        for (const head of now) if (!sounding.has(head)) head.element.classList.add("sounding");
        sounding = now;
        const before = bar;
        bar = barWith(map, whole);
        if (bar && bar.top !== before?.top && line.current && (playing.peek() || before)) intoSight(line.current, bar);
      }
      if (!line.current) return;
      line.current.hidden = !bar;
      if (!bar) return;
      line.current.style.height = `${bar.bottom - bar.top + 12}px`;
      line.current.style.transform = `translate(${xOf(bar, step)}px, ${bar.top - 6}px)`;
    };
    const ends = [onFrame(move), effect(() => move(position.value))];
    return () => {
      for (const end of ends) end();
      for (const head of sounding) head.element.classList.remove("sounding");
    };
  }, [map]);
  return html`<div class="score_playhead" ref=${line} hidden aria-hidden="true"></div>`;
}

/**
 * Turn the page: the system of a bar stands at the top unless it is in sight as a whole.
 * @param {HTMLElement} inside
 * @param {Bar} bar
 */
function intoSight(inside, bar) {
  const scroller = inside.closest(".score_scroll");
  const part = inside.closest(".score_part");
  if (!scroller || !part) return;
  const top = part.getBoundingClientRect().top - scroller.getBoundingClientRect().top + bar.top;
  const bottom = top + bar.bottom - bar.top + 30;
  if (top < 20 || bottom > scroller.clientHeight) scroller.scrollTop += top - 40;
}
