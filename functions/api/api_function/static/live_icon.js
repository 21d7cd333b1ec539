// The tab's icon: the page's mark, with a badge that says how the stream stands by its shape and by
// its colour. https://html.spec.whatwg.org/multipage/links.html#rel-icon

const MARK =
  '<rect width="32" height="32" rx="8" fill="#12355b"/>' +
  '<path d="M5 17h5l3-8 5 14 3.5-9 1.5 3h4" fill="none" stroke="#5eead4" stroke-width="2.6" ' +
  'stroke-linecap="round" stroke-linejoin="round"/>';
const GROUND = '<circle cx="22.5" cy="22.5" r="9.5" fill="#061a30"/>';
const RING = '<circle cx="22.5" cy="22.5" r="5.5" fill="none" stroke-width="2.6" ';
const BADGES = {
  live: '<circle cx="22.5" cy="22.5" r="6.5" fill="#4ade80"/>',
  late: '<path d="M22.5 16a6.5 6.5 0 0 0 0 13z" fill="#fbbf24"/>' + RING + 'stroke="#fbbf24"/>',
  reconnecting: RING + 'stroke="#fbbf24" stroke-dasharray="6 2.64"/>',
  polling: '<path d="M22.5 15l7.5 7.5-7.5 7.5-7.5-7.5z" fill="#fbbf24"/>',
  stale: '<path d="M22.5 15l7.5 13h-15z" fill="#fbbf24"/>',
  offline: '<path d="M18 18l9 9m0-9l-9 9" fill="none" stroke="#f87171" stroke-width="3.6"/>',
  paused: '<path d="M20 17.5v10m5-10v10" fill="none" stroke="#e2e8f0" stroke-width="3.4"/>',
  ended: '<path d="M17 17h11v11h-11z" fill="#f87171"/>',
};

/** Returns the address of the icon for a state; `late`: connected, but nothing new has come. */
export function iconOf(state, late = false) {
  const badge = BADGES[state === "live" && late ? "late" : state];
  const shapes = MARK + (badge ? GROUND + badge : "");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${shapes}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** Shows how a view's stream stands in the icon of the tab. */
export function showState({ status: state, freshness }) {
  const link = document.querySelector("link[rel=icon]");
  const href = iconOf(state, freshness?.late);
  if (link.href !== href) link.href = href;
}
