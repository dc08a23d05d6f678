/** A take as a small roll: a line of dashes for each voice, in its colour. */
import { html, useMemo } from "../lib/html.js";

/** @import {LineDocument, Take} from "../types.js" */

const MOST = 512; // steps that are drawn: longer takes show their beginning

/** @param {{take: Take, lines: LineDocument[], bars: number[]}} picture */
export function TakePicture({ take, lines, bars }) {
  const drawn = useMemo(() => draw(take, lines, bars), [take, lines, bars]);
  return html`<svg class="take_picture" viewBox=${drawn.box} preserveAspectRatio="none" aria-hidden="true">
    ${drawn.part && html`<rect class="take_region" ...${drawn.part} />`}
    ${drawn.paths.map((path, index) => html`<path key=${index} d=${path} stroke=${lines[index]?.colour} />`)}
  </svg>`;
}

/**
 * @param {Take} take
 * @param {LineDocument[]} lines
 * @param {number[]} bars
 */
function draw(take, lines, bars) {
  const bar = bars.length > 1 ? bars[1] - bars[0] : 16;
  const { region } = take;
  const from = region ? Math.max(0, region.start - bar) : 0;
  const to = Math.min(take.steps, from + MOST, region ? region.end + bar : take.steps);
  const notes = take.notes.map((line) => line.filter(([start, end]) => start < to && end > from));
  const drums = lines.flatMap((line, index) => (line.kind === "drum" ? [index] : []));
  const pitches = notes.flatMap((line, index) => (drums.includes(index) ? [] : line.map(([, , pitch]) => pitch)));
  const top = Math.max(72, ...pitches) + 2;
  const floor = Math.min(60, ...pitches) - 2;
  const bottom = floor - 2 * drums.length;
  return {
    box: `${from} 0 ${Math.max(1, to - from)} ${top - bottom}`,
    part: region && { x: region.start, y: 0, width: region.end - region.start, height: top - bottom },
    paths: notes.map((line, index) => line
      .map(([start, end, pitch]) => {
        const row = drums.includes(index) ? floor - 2 * drums.indexOf(index) : pitch;
        return `M${Math.max(from, start)} ${top - row}H${Math.min(to, end) - 0.4}`;
      })
      .join("")),
  };
}
