// The focus is never lost.

/** Does something after which the element with the focus may be gone; then it calls `otherwise`. */
export function keepingFocus(root, act, otherwise) {
  const focused = document.activeElement;
  const wasHere = root.contains(focused);
  act();
  if (wasHere && !(focused.isConnected && focused.checkVisibility())) otherwise();
}
