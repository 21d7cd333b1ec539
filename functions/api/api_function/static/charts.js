// Own small charts: geometry into SVG attributes. The numbers beside them say the same in words.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600; // of the line's view box; the box is stretched, its strokes are not
const HEIGHT = 160;

/** Three parts of one bar. `shares` sum to 1, or are all 0. */
export function drawShares(svg, shares) {
  let x = 0;
  shares.forEach((share, index) => {
    set(svg.children[index], { x: percent(x), width: percent(share) });
    x += share;
  });
}

/** One bar of a list. */
export function bar(svg, width) {
  const rect = svg.firstElementChild ?? svg.appendChild(document.createElementNS(SVG, "rect"));
  set(rect, { width: percent(width), height: "100%", rx: "2" });
}

/**
 * The running line of the last hour: full minutes drawn through, the current one, which is still filling, as a hollow dot.
 * What was not seen is dashed, at its mean.
 */
export function drawSeries(svg, { counts, average }) {
  const top = niceTop(Math.max(average, ...counts.map((count) => count ?? 0)));
  const x = (index) => round((index / (counts.length - 1)) * WIDTH);
  const y = (count) => round(HEIGHT - (count / top) * HEIGHT);
  const point = (index) => `${x(index)} ${y(counts[index])}`;
  const from = counts.findIndex((count) => count !== null);
  const now = counts.length - 1;
  const complete = counts.slice(from, now).map((_, index) => point(from + index));
  const line = complete.length ? `M${complete.join("L")}` : "";
  part(svg, "area", line && `${line}V${HEIGHT}H${x(from)}Z`);
  part(svg, "seen", line);
  part(svg, "unseen", from > 0 ? `M0 ${y(average)}H${x(from)}` : "");
  for (const dot of svg.querySelectorAll(".now")) set(dot, { d: `M${point(now)}h0` });
  return { top, current: counts[now], complete: counts.slice(0, now), average: from > 0 ? average : null };
}

/** What the line shows, in words. */
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

function part(svg, name, d) {
  set(svg.querySelector(`.${name}`), { d });
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

function percent(share) {
  return `${round(share * 100)}%`;
}

function round(value) {
  return Math.round(value * 100) / 100;
}
