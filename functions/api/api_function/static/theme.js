// Light or dark: as the system has it, or as the visitor has chosen. A choice holds in all tabs of
// the page, and is remembered by the browser where its storage is not blocked.

const KEY = "lambda-sse.theme";
const THEMES = ["light", "dark"]; // anything else means: as the system has it

/** Applies the theme, and lets the visitor change it with the radio buttons of `fieldset`. */
export function offerThemes(fieldset) {
  let chosen = null;
  const show = (theme) => {
    chosen = THEMES.includes(theme) ? theme : "system";
    apply(chosen);
    for (const radio of fieldset.elements) radio.checked = radio.value === chosen;
  };
  fieldset.addEventListener("change", ({ target }) => {
    show(target.value);
    remember(target.value);
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === KEY || key === null) show(newValue); // null: everything was removed
  });
  // A page that comes back from the browser's cache has heard nothing meanwhile.
  addEventListener("pageshow", ({ persisted }) => persisted && show(remembered(chosen)));
  show(remembered(null));
}

function apply(chosen) {
  const isSystem = chosen === "system";
  if (isSystem) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  document.querySelector("meta[name=color-scheme]").content = isSystem ? "light dark" : chosen;
  for (const meta of document.querySelectorAll("meta[name=theme-color]")) {
    const { scheme } = meta.dataset;
    const media = isSystem ? `(prefers-color-scheme: ${scheme})` : "not all";
    meta.media = scheme === chosen ? "all" : media;
  }
}

function remembered(otherwise) {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return otherwise; // storage is blocked
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is blocked or full: the choice lives as long as the page.
  }
}
