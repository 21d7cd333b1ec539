// The form for one configuration, and the list of all of them.

const ROW = document.getElementById("configuration-template");

/** The form: creates a configuration, or changes the one handed to `edit`. */
export class Editor {
  #edited = null;

  /**
   * Calls `save(draft, configId)` to create a configuration, or to change the one with this id, and
   * `cancelled(configId)` when that one stays as it is.
   */
  constructor(form, { save, cancelled }) {
    this.form = form;
    form.querySelector(".cancel").addEventListener("click", () => cancelled(this.#cancel()));
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      const { elements } = form;
      const tickers = elements.tickers.value.split(/[\s,;]+/).filter(Boolean);
      save({ name: elements.name.value, tickers }, this.#edited);
    });
  }

  /** Shows a configuration to be changed; with null, the form is ready for a new one. */
  edit(configuration) {
    const { elements } = this.form;
    this.#edited = configuration?.config_id ?? null;
    elements.name.value = configuration?.name ?? "";
    elements.tickers.value = configuration?.tickers.join(" ") ?? "";
    this.form.dataset.mode = configuration ? "edit" : "create";
    if (configuration) this.focus();
  }

  focus() {
    this.form.elements.name.focus();
  }

  #cancel() {
    const edited = this.#edited;
    this.edit(null);
    return edited;
  }
}

/** The list: a row for each configuration, with buttons to watch, change and delete it. */
export class List {
  #watched = null;

  /** `actions`: `{watch, edit, remove}`, each called with a configuration. */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
  }

  show(configurations) {
    this.root.replaceChildren(...configurations.map((each) => this.#row(each)));
    this.press(this.#watched);
  }

  /** Marks the configuration with this id as the one that is watched; null: none is. */
  press(configId) {
    this.#watched = configId;
    for (const row of this.root.children) {
      const isWatched = row.dataset.id === configId;
      row.querySelector(".watch").setAttribute("aria-pressed", String(isWatched));
    }
  }

  /** Puts the focus on a control of this configuration. */
  focus(configId, selector) {
    const row = [...this.root.children].find(({ dataset }) => dataset.id === configId);
    row?.querySelector(selector).focus();
  }

  #row(configuration) {
    const row = ROW.content.firstElementChild.cloneNode(true);
    row.dataset.id = configuration.config_id;
    row.querySelector(".name").textContent = configuration.name;
    row.querySelector(".tickers").textContent = configuration.tickers.join(" ");
    const button = (selector, verb, act) => {
      const element = row.querySelector(selector);
      element.setAttribute("aria-label", `${verb} ${configuration.name}`);
      element.addEventListener("click", act);
      return element;
    };
    const { watch, edit, remove } = this.actions;
    button(".watch", "Watch", () => watch(configuration));
    button(".edit", "Edit", () => edit(configuration));
    const reallyDelete = button(".confirm", "Really delete", () => remove(configuration));
    button(".delete", "Delete", () => {
      reallyDelete.hidden = false;
      reallyDelete.focus();
    });
    reallyDelete.addEventListener("blur", () => {
      reallyDelete.hidden = true;
    });
    return row;
  }
}
