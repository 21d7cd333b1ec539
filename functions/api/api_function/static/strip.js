// The last minutes as they happened: each item is a dot where it landed, at its time, as high as its score.

const SVG = "http://www.w3.org/2000/svg";
const SPAN_S = 300; // as wide as the view box
const TOP = 5; // where a score of 1 is in the view box, so that its dot is seen whole
const BOTTOM = 95;
const MOST = 400; // dots; what a burst adds beyond takes the place of the oldest
const SENTIMENTS = ["positive", "neutral", "negative"];

export class Strip {
  #dots = new Map(); // by item id, in the order of their landing
  #epoch = Date.now(); // from which the dots count; they stay where they are, the ground moves
  #begun = false;

  constructor(svg) {
    this.ground = svg.querySelector("g");
  }

  /** Adds what is new of `items`, takes away what is too old, and says what can be seen, in words. */
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
    this.ground.setAttribute("transform", `translate(${SPAN_S - (now - this.#epoch) / 1000} 0)`);
    return words([...this.#dots.values()]);
  }

  #land({ item_id: id, sentiment, score }, at) {
    const path = document.createElementNS(SVG, "path");
    const x = (at - this.#epoch) / 1000;
    const y = BOTTOM - (BOTTOM - TOP) * Math.min(1, Math.max(0, score));
    path.setAttribute("d", `M${x} ${y}h0`); // a point; its round caps are the dot, whatever the box is stretched to
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
