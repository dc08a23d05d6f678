/** Curves over iterations by uPlot, which is loaded when the first one is drawn. */

/**
 * @typedef {object} Curves
 * @property {number[]} xs
 * @property {{name: string, values: (number | null)[]}[]} lines
 * @property {{mean: number, sd: number}} [band] of the data, drawn behind
 * @property {number} warmup the iteration at which the likelihood phase ends
 */

const STYLES = [[], [7, 4], [2, 3]];

/** @param {string} name of a custom property */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Draw curves in an element; it may be destroyed again.
 * @param {HTMLElement} host
 * @param {Curves} curves
 * @returns {Promise<{destroy: () => void}>}
 */
export async function draw(host, curves) {
  const { default: uPlot } = await import("uplot");
  const colours = [colour("--accent"), colour("--second"), colour("--good")];
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--faint"), width: 1 }, ticks: { stroke: colour("--faint") }, font: "12px system-ui" };
  const { band, warmup } = curves;
  const chart = new uPlot(
    {
      width: Math.max(200, host.clientWidth),
      height: 170,
      cursor: { drag: { x: false, y: false } },
      legend: { show: curves.lines.length > 1, live: false },
      scales: { x: { time: false }, y: { range: (_, low, high) => limits(low, high, band) } },
      axes: [{ ...axis, size: 28 }, { ...axis, size: 52 }],
      series: [
        { label: "iteration" },
        ...curves.lines.map((line, at) => ({ label: line.name, stroke: colours[at], width: 2, dash: STYLES[at], spanGaps: true, points: { show: curves.lines.length === 1 && Boolean(band), size: 5, stroke: colours[at], fill: colours[at] } })),
      ],
      hooks: {
        drawClear: [(one) => ground(one, warmup, band)],
      },
    },
    /** @type {any} */ ([curves.xs, ...curves.lines.map((line) => line.values)]),
    host,
  );
  const observer = new ResizeObserver(() => chart.setSize({ width: Math.max(200, host.clientWidth), height: 170 }));
  observer.observe(host);
  return {
    destroy() {
      observer.disconnect();
      chart.destroy();
    },
  };
}

/**
 * @param {number | null} low
 * @param {number | null} high
 * @param {{mean: number, sd: number} | undefined} band
 * @returns {[number, number]} a little more than the curves and the band
 */
function limits(low, high, band) {
  let from = low ?? 0;
  let to = high ?? 1;
  if (band) {
    from = Math.min(from, Math.max(from < 0 ? from : 0, band.mean - band.sd));
    to = Math.max(to, band.mean + band.sd);
  }
  const margin = (to - from) * 0.08 || Math.abs(to) * 0.1 || 1;
  return [from >= 0 ? Math.max(0, from - margin) : from - margin, to + margin];
}

/**
 * Mark the likelihood phase and Bach's band behind the curves.
 * @param {any} chart
 * @param {number} warmup
 * @param {{mean: number, sd: number} | undefined} band
 */
function ground(chart, warmup, band) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const end = Math.min(bbox.left + bbox.width, chart.valToPos(warmup, "x", true));
  if (end > bbox.left) {
    ctx.fillStyle = colour("--faint");
    ctx.fillRect(bbox.left, bbox.top, end - bbox.left, bbox.height);
  }
  if (band) {
    const top = chart.valToPos(band.mean + band.sd, "y", true);
    const bottom = chart.valToPos(band.mean - band.sd, "y", true);
    const middle = chart.valToPos(band.mean, "y", true);
    ctx.fillStyle = colour("--band");
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    ctx.fillStyle = colour("--real");
    ctx.fillRect(bbox.left, middle - 1, bbox.width, 2);
  }
  ctx.restore();
}
