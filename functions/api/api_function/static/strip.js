// The strip of the last five minutes: each item is a dot at its time, as high as its score.

const SVG = "http://www.w3.org/2000/svg";
const SPAN_S = 300; // the width of the view box
const TOP = 5; // where a score of 1 is in the view box: its whole dot is visible
const BOTTOM = 95; // where a score of 0 is
const MOST = 400; // dots; further ones replace the oldest
const SENTIMENTS = ["positive", "neutral", "negative"];

export class Strip {
  #dots = new Map(); // by item id, oldest first
  #startedAt = Date.now(); // x = 0 of the ground: the dots stay in place on it, the ground moves
  #begun = false;

  constructor(svg) {
    this.ground = svg.querySelector("g");
  }

  /** Adds the new items, removes the dots that are too old, and returns the strip in words. */
  draw(items, now) {
    const oldest = now - SPAN_S * 1000;
    for (const item of items.toReversed()) {
      const at = Math.min(now, Date.parse(item.timestamp));
      if (at > oldest && item.score !== null && !this.#dots.has(item.item_id)) this.#land(item, at);
    }
    for (const [id, dot] of this.#dots) {
      if (dot.at > oldest && this.#dots.size <= MOST) continue;
      dot.path.remove();
      this.#dots.delete(id);
    }
    if (items.length) this.#begun = true;
    const shift = SPAN_S - (now - this.#startedAt) / 1000;
    this.ground.setAttribute("transform", `translate(${shift} 0)`);
    return words([...this.#dots.values()]);
  }

  #land({ item_id: id, sentiment, score }, at) {
    const path = document.createElementNS(SVG, "path");
    const x = (at - this.#startedAt) / 1000;
    const y = BOTTOM - (BOTTOM - TOP) * Math.min(1, Math.max(0, score));
    path.setAttribute("d", `M${x} ${y}h0`); // a point; its round caps make a dot at any stretch
    path.setAttribute("class", SENTIMENTS.includes(sentiment) ? sentiment : "neutral");
    path.classList.toggle("landing", this.#begun);
    this.ground.append(path);
    this.#dots.set(id, { at, score, path });
  }
}

function words(dots) {
  if (!dots.length) return "nothing in the last 5 minutes";
  const mean = dots.reduce((sum, { score }) => sum + score, 0) / dots.length;
  return `${dots.length} in the last 5 minutes, mean score ${mean.toFixed(2)}`;
}
