/** Grid and notes of the part of the roll that is in sight. */
import { html } from "../lib/html.js";
import { barsBetween, beatsAt } from "../lib/bars.js";
import { inkOn } from "../lib/colours.js";
import { covers } from "../lib/line_edits.js";
import { isBlack } from "../lib/music.js";
import { activeLine } from "../state/editing.js";
import { shownNotes } from "../state/hearing.js";
import { piece } from "../state/piece.js";
import { compass, drawn, row, rowOf, yOf, zoom } from "../state/stage.js";

/** @import {LineDocument, NoteSpan, Piece} from "../types.js" */

export function RollPicture() {
  const open = piece.value;
  if (!open) return null;
  const near = zoom.value;
  const from = drawn.value[0];
  const to = Math.min(drawn.value[1], open.steps);
  const { low, high } = compass.value;
  const height = (high - low + 1) * row.value;
  const width = Math.max(1, (to - from) * near);
  const order = open.lines.map((_, index) => index).filter((index) => index !== activeLine.value);
  return html`<svg class="roll_svg" aria-hidden="true" width=${width} height=${height} viewBox=${`${from * near} 0 ${width} ${height}`} style=${{ left: `${from * near}px` }}>
    <defs><pattern id="roll_hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V5" class="roll_hatch" /></pattern></defs>
    <${Ground} open=${open} from=${from} to=${to} />
    <${Played} open=${open} from=${from} to=${to} />
    ${[...order, activeLine.value].filter((index) => index < open.lines.length).map((index) => html`<${Notes} key=${index} index=${index}
      line=${open.lines[index]} notes=${shownNotes.value[index]} from=${from} to=${to} />`)}
  </svg>`;
}

/** Rows of black keys, beats and bars. @param {{open: Piece, from: number, to: number}} props */
function Ground({ open, from, to }) {
  const near = zoom.value;
  const { low, floor, high } = compass.value;
  const bottom = (high - low + 1) * row.value;
  const rows = [];
  const octaves = [];
  for (let pitch = low; pitch <= floor; pitch += 1) octaves.push(`M${from * near} ${yOf(pitch) + row.value}h${(to - from) * near}`);
  for (let pitch = floor; pitch <= high; pitch += 1) {
    if (isBlack(pitch)) rows.push(`M${from * near} ${yOf(pitch)}h${(to - from) * near}v${row.value}h${(from - to) * near}z`);
    if (pitch % 12 === 0) octaves.push(`M${from * near} ${yOf(pitch) + row.value}h${(to - from) * near}`);
  }
  const bars = [];
  const beats = [];
  for (const bar of barsBetween(open, from, to)) {
    bars.push(`M${bar.start * near} 0V${bottom}`);
    const { beat, first } = beatsAt(open, bar.start);
    if (beat * near < 8) continue;
    for (let step = first + beat; step < bar.end; step += beat) if (step > bar.start) beats.push(`M${step * near} 0V${bottom}`);
  }
  return html`<path class="roll_black" d=${rows.join("")} /><path class="roll_octaves" d=${octaves.join("")} />
    ${open.fermatas.filter(([start, end]) => end > from && start < to).map(([start, end]) => html`<rect key=${start} class="roll_pause" x=${start * near} y="0" width=${(end - start) * near} height=${bottom} />`)}
    <path class="roll_beats" d=${beats.join("")} /><path class="roll_bars" d=${bars.join("")} />`;
}

/** The melody as it was played, where playback is not wholly on the grid. @param {{open: Piece, from: number, to: number}} props */
function Played({ open, from, to }) {
  const { played } = open;
  if (!played || played.strength >= 1) return null;
  const near = zoom.value;
  return played.notes.filter(([start, end]) => end > from && start < to).map(([start, end, pitch], place) => html`<rect key=${place} class="roll_played"
    x=${start * near} y=${yOf(pitch) + 0.5} width=${Math.max(2, (end - start) * near)} height=${row.value - 1} rx="2" />`);
}

/** @param {{index: number, line: LineDocument, notes: NoteSpan[], from: number, to: number}} props */
function Notes({ index, line, notes, from, to }) {
  const near = zoom.value;
  const tall = row.value;
  const letter = line.name[0].toUpperCase();
  const active = activeLine.value === index;
  const parts = [];
  for (const [place, [start, end, pitch]] of notes.entries()) {
    if (end <= from) continue;
    if (start >= to) break;
    const given = covers(line.given, start);
    const locked = !given && covers(line.locked, start);
    const outside = pitch < line.low || pitch > line.high;
    const width = Math.max(2, (end - start) * near - 1);
    const box = { x: start * near + 0.5, y: yOf(rowOf(index, pitch)) + 0.5, width, height: tall - 1, rx: Math.min(3, tall / 3) };
    parts.push(html`<rect key=${start} ...${box} class=${`roll_note ${given ? "given" : "composed"} ${outside ? "outside" : ""}`}
      data-line=${index} data-index=${place} data-note=${`${start}-${end}-${pitch}`} />`);
    if (locked) parts.push(html`<rect key=${`k${start}`} ...${box} class="roll_locked" />`);
    if (width > 12 && tall >= 8) parts.push(html`<text key=${`t${start}`} x=${box.x + 3} y=${box.y + tall - 2.6} class=${given ? "given" : "composed"}>${letter}${outside ? "!" : ""}</text>`);
  }
  return html`<g class=${`roll_line ${active ? "active" : ""}`} style=${{ "--line": line.colour, "--on": inkOn(line.colour) }}>${parts}</g>`;
}
