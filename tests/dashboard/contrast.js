// Measures the contrast of every visible text with what lies under it, as both are painted: with
// opacity, transparent and mixed colours. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
// It assumes that an element's background lies under all of its text, and makes no exception for
// large text.

window.contrasts = () => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(colour, { rgb: [red, green, blue], alpha: alpha / 255 });
    }
    return known.get(colour);
  };
  const mixed = (over, under, part) =>
    over.map((value, index) => value * part + under[index] * (1 - part));
  const painted = (colour, under) => mixed(rgba(colour).rgb, under, rgba(colour).alpha);
  const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  /**
   * Returns text and ground as they are seen: backgrounds from the outermost element of the chain
   * inwards, then each opacity from the inside out.
   */
  const seen = ([style, ...inner], backdrop, text) => {
    const ground = painted(style.backgroundColor, backdrop);
    const both = inner.length ? seen(inner, ground, text) : [painted(text.color, ground), ground];
    return both.map((rgb) => mixed(rgb, backdrop, Number(style.opacity)));
  };
  const measure = (element, words, text = getComputedStyle(element)) => {
    const chain = [];
    for (let each = element; each; each = each.parentElement) chain.unshift(getComputedStyle(each));
    const [dark, light] = seen(chain, [255, 255, 255], text).map(luminance).sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    return {
      name: [element.localName, element.className].filter(Boolean).join("."),
      words: words.trim().slice(0, 30),
      ratio: Math.round(ratio * 100) / 100,
    };
  };
  const visible = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (data.trim() && visible(parentElement)) found.push(measure(parentElement, data));
  }
  for (const input of document.querySelectorAll("input:not([type=radio], [type=checkbox])")) {
    if (!visible(input)) continue;
    found.push(measure(input, input.placeholder, getComputedStyle(input, "::placeholder")));
    found.push(measure(input, "input"));
  }
  return found;
};
