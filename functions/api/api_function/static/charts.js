// The page's small charts: geometry becomes SVG attributes. Texts beside them say the same.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600; // the view box of the line, which is stretched; its strokes are not
const HEIGHT = 160;

/** Draws the three parts of one bar. `shares` sum to 1, or are all 0. */
export function drawShares(svg, shares) {
  let x = 0;
  shares.forEach((share, index) => {
    set(svg.children[index], { x: percent(x), width: percent(share) });
    x += share;
  });
}

/** Draws one bar of a list. */
export function bar(svg, width) {
  const rect = svg.firstElementChild ?? svg.appendChild(document.createElementNS(SVG, "rect"));
  set(rect, { width: percent(width), height: "100%", rx: "2" });
}

/**
 * Draws the line of the last hour: full minutes as a line, the current one, which still grows, as a
 * hollow dot, and the minutes before this page was opened as a dashed line at their mean.
 */
export function drawSeries(svg, { counts, average }) {
  const highest = niceTop(Math.max(average, ...counts.map((count) => count ?? 0)));
  const x = (index) => round((index / (counts.length - 1)) * WIDTH);
  const y = (count) => round(HEIGHT - (count / highest) * HEIGHT);
  const point = (index) => `${x(index)} ${y(counts[index])}`;
  const from = counts.findIndex((count) => count !== null);
  const last = counts.length - 1;
  const points = counts.slice(from, last).map((_, index) => point(from + index));
  const line = points.length ? `M${points.join("L")}` : "";
  part(svg, "area", line && `${line}V${HEIGHT}H${x(from)}Z`);
  part(svg, "seen", line);
  part(svg, "unseen", from > 0 ? `M0 ${y(average)}H${x(from)}` : "");
  for (const dot of svg.querySelectorAll(".now")) set(dot, { d: `M${point(last)}h0` });
  return {
    top: highest,
    current: counts[last],
    complete: counts.slice(0, last),
    average: from > 0 ? average : null,
  };
}

/** Says in words what the line shows. */
export function describe({ current, complete, average }) {
  const seen = complete.filter((count) => count !== null);
  const peak = seen.length ? `, peak ${Math.max(...seen)}` : "";
  const before = average === null ? "" : `, before that about ${average.toFixed(1)} a minute`;
  return `${current} this minute${peak}${before}`;
}

function niceTop(most) {
  const steps = [4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80, 100];
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, most))) - 1);
  return (steps.find((step) => step * scale >= most * 1.05) ?? 120) * scale;
}

function part(svg, className, d) {
  set(svg.querySelector(`.${className}`), { d });
}

function set(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (element.getAttribute(key) !== value) element.setAttribute(key, value);
  }
}

function percent(share) {
  return `${round(share * 100)}%`;
}

function round(value) {
  return Math.round(value * 100) / 100;
}
