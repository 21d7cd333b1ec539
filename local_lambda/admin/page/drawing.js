// Draws lists from <template>s: one element for each key, changed in place, so that focus stays.
// Values are set as text and never parsed as markup.

export const element = (id) => document.getElementById(id);

export function fill(node, values) {
  for (const target of [node, ...node.querySelectorAll("[data-text]")]) {
    const value = values[target.dataset.text];
    if (value === undefined) continue;
    const text = value === null ? "" : String(value);
    if (target.textContent !== text) target.textContent = text;
  }
}

// Makes the children of `place` those of `items`, in their order. `draw` gets a node and its item.
export function list(place, template, items, keyOf, draw) {
  const present = new Map([...place.children].map((node) => [node.dataset.key, node]));
  let next = place.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let node = present.get(key);
    present.delete(key);
    if (!node) {
      node = element(template).content.firstElementChild.cloneNode(true);
      node.dataset.key = key;
    }
    if (node === next) next = next.nextElementSibling;
    else place.insertBefore(node, next);
    draw(node, item);
  }
  for (const node of present.values()) node.remove();
}

export function hideIf(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}
