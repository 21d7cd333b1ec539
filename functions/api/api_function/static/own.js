// Loads the panel for the visitor's own configurations when it is wanted: at once for a visitor
// with a session, otherwise when the pointer or the focus comes to its card. Most visitors never
// need it, and it is a fifth of all scripts.

import { SESSION_KEY, stored } from "./tab_storage.js";

const NOT_LOADED = "This part of the page could not be loaded. Reload the page to try again.";

/** Shows the panel in `root` from when it is wanted. */
export function showPanelWhenWanted(root, timings) {
  const signIn = root.querySelector(".sign-in");
  const signOut = root.querySelector(".sign-out");
  let loading = null; // a promise of whether the panel is there

  const load = async () => {
    try {
      const styled = loadStyle("panel.css");
      const parts = await loadParts("panel.html");
      const { Panel } = await import("./panel.js");
      await styled;
      show(Panel, parts);
      return true;
    } catch (error) {
      root.querySelector(".notice").textContent = NOT_LOADED;
      reportError(error);
      return false;
    }
  };
  const show = (Panel, parts) => {
    signIn.removeEventListener("click", press);
    root.querySelector(".watched").before(...parts.querySelectorAll("body > .workplace"));
    signOut.hidden = false;
    const panel = new Panel(root, timings);
    panel.start();
    setInterval(() => panel.redraw(), 1000);
  };
  const want = () => (loading ??= load());
  const press = async () => {
    if (await want()) signIn.click();
  };

  signOut.hidden = true; // until it works
  signIn.addEventListener("click", press);
  for (const sign of ["pointerover", "focusin"]) root.addEventListener(sign, want, { once: true });
  if (stored(SESSION_KEY)) {
    root.dataset.session = "open";
    want();
  }
}

/** Loads a style sheet beside live.css, and resolves when it is there or has failed. */
function loadStyle(file) {
  const first = document.querySelector('link[rel="stylesheet"]');
  const link = first.cloneNode();
  link.href = first.getAttribute("href").replace("live.css", file);
  first.before(link);
  return new Promise((resolve) => {
    link.onload = resolve;
    link.onerror = resolve;
  });
}

/** Loads the parts of the panel: its templates go into the page, the rest is returned. */
async function loadParts(file) {
  const script = document.querySelector('script[src$="live.js"]');
  const response = await fetch(script.getAttribute("src").replace("live.js", file));
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  const parts = new DOMParser().parseFromString(await response.text(), "text/html");
  document.body.append(...parts.querySelectorAll("template"));
  return parts;
}
