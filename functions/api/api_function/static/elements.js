// Makes and changes elements, and touches the page only where something changes.

const SVG = "http://www.w3.org/2000/svg";

/** Returns a new element of SVG in `group`. */
export function add(group, tag, attributes = {}) {
  const element = group.appendChild(document.createElementNS(SVG, tag));
  set(element, attributes);
  return element;
}

/** Sets attributes; null removes one. */
export function set(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(key);
    else if (element.getAttribute(key) !== String(value)) element.setAttribute(key, value);
  }
}

/** Leaves exactly `count` elements in `group`, and returns them. */
export function exactly(group, tag, count) {
  while (group.children.length > count) group.lastElementChild.remove();
  while (group.children.length < count) add(group, tag);
  return [...group.children];
}

/** Writes the text of an element. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
