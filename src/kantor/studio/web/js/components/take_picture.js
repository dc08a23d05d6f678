/** A take as a small roll: a line of dashes for each voice, in its colour. */
import { html, useMemo } from "../lib/html.js";

/** @import {LineDocument, Take} from "../types.js" */

const MOST = 512; // steps that are drawn: longer takes show their beginning

/** @param {{take: Take, lines: LineDocument[], bars: number[]}} picture */
export function TakePicture({ take, lines, bars }) {
  const drawn = useMemo(() => draw(take, bars), [take, bars]);
  return html`<svg class="take_picture" viewBox=${drawn.box} preserveAspectRatio="none" aria-hidden="true">
    ${drawn.part && html`<rect class="take_region" ...${drawn.part} />`}
    ${drawn.paths.map((path, index) => html`<path key=${index} d=${path} stroke=${lines[index]?.colour} />`)}
  </svg>`;
}

/**
 * @param {Take} take
 * @param {number[]} bars
 */
function draw(take, bars) {
  const bar = bars.length > 1 ? bars[1] - bars[0] : 16;
  const { region } = take;
  const from = region ? Math.max(0, region.start - bar) : 0;
  const to = Math.min(take.steps, from + MOST, region ? region.end + bar : take.steps);
  const notes = take.notes.map((line) => line.filter(([start, end]) => start < to && end > from));
  const pitches = notes.flat().map(([, , pitch]) => pitch);
  const top = Math.max(72, ...pitches) + 2;
  const bottom = Math.min(60, ...pitches) - 2;
  return {
    box: `${from} 0 ${Math.max(1, to - from)} ${top - bottom}`,
    part: region && { x: region.start, y: 0, width: region.end - region.start, height: top - bottom },
    paths: notes.map((line) => line
      .map(([start, end, pitch]) => `M${Math.max(from, start)} ${top - pitch}H${Math.min(to, end) - 0.4}`)
      .join("")),
  };
}
