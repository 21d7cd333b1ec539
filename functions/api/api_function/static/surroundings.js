// How large is a chart, how wide are its texts, and when does it have to be drawn anew? Layout and
// styles are read when something changes, and never for a drawing.

/** The size of an element and of its texts, in px. `changed` is called when they change. */
export class Measured {
  width = 0;
  height = 0;
  size = 13; // of the font
  font = "13px sans-serif"; // as a canvas takes it
  #widths = new Map();
  #context = document.createElement("canvas").getContext("2d");

  constructor(element, changed) {
    new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      this.height = contentRect.height;
      const style = getComputedStyle(element);
      this.size = Number.parseFloat(style.fontSize);
      this.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      this.#context.font = this.font;
      this.#widths.clear();
      changed();
    }).observe(element);
    if (element.localName !== "svg") return;
    // Paper has another width, and nothing is measured there: the whole drawing is scaled.
    addEventListener("beforeprint", () => {
      element.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    });
    addEventListener("afterprint", () => element.removeAttribute("viewBox"));
  }

  /** Returns how wide a text is. */
  widthOf(text) {
    if (!this.#widths.has(text)) {
      if (this.#widths.size > 500) this.#widths.clear();
      this.#widths.set(text, this.#context.measureText(text).width);
    }
    return this.#widths.get(text);
  }

  widest(texts) {
    return Math.ceil(Math.max(...texts.map((text) => this.widthOf(text))));
  }
}

/** Calls `changed` when the page's direction or theme, or what the visitor prefers, changes. */
export function whenLooksChange(changed) {
  const attributeFilter = ["dir", "data-theme", "class"];
  for (const element of [document.documentElement, document.body]) {
    new MutationObserver(changed).observe(element, { attributes: true, attributeFilter });
  }
  const media = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"];
  for (const query of [...media, "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", changed);
  }
}
