// The form for one configuration, and the list of all: what the user sees of them, and what he wants done.

const ROW = document.getElementById("configuration-template");

/** Creates a configuration, or changes the one handed to `edit`. */
export class Editor {
  #edited = null;

  /**
   * `save(draft, configId)`: a configuration is to be created, or changed if it has an id.
   * `cancelled(configId)`: the one that was being changed stays as it is.
   */
  constructor(form, { save, cancelled }) {
    this.form = form;
    form.querySelector(".cancel").addEventListener("click", () => cancelled(this.#cancel()));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { name, tickers } = form.elements;
      save({ name: name.value, tickers: tickers.value.split(/[\s,;]+/).filter(Boolean) }, this.#edited);
    });
  }

  /** null: ready for a new one. */
  edit(configuration) {
    const { name, tickers } = this.form.elements;
    this.#edited = configuration?.config_id ?? null;
    name.value = configuration?.name ?? "";
    tickers.value = configuration?.tickers.join(" ") ?? "";
    this.form.dataset.mode = configuration ? "edit" : "create";
    if (configuration) name.focus();
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

export class List {
  #watched = null;

  /** `wanted`: `{watch, edit, remove}`, each called with a configuration. */
  constructor(root, wanted) {
    this.root = root;
    this.wanted = wanted;
  }

  show(configurations) {
    this.root.replaceChildren(...configurations.map((each) => this.#row(each)));
    this.press(this.#watched);
  }

  /** The configuration with this id is being watched; null: none. */
  press(configId) {
    this.#watched = configId;
    for (const row of this.root.children) {
      row.querySelector(".watch").setAttribute("aria-pressed", String(row.dataset.id === configId));
    }
  }

  /** Puts the focus on a control of this configuration. */
  focus(configId, selector) {
    [...this.root.children].find((row) => row.dataset.id === configId)?.querySelector(selector).focus();
  }

  #row(configuration) {
    const row = ROW.content.firstElementChild.cloneNode(true);
    const { name, tickers, config_id: id } = configuration;
    row.dataset.id = id;
    row.querySelector(".name").textContent = name;
    row.querySelector(".tickers").textContent = tickers.join(" ");
    const button = (selector, words, act) => {
      const found = row.querySelector(selector);
      found.setAttribute("aria-label", `${words} ${name}`);
      found.addEventListener("click", act);
      return found;
    };
    button(".watch", "Watch", () => this.wanted.watch(configuration));
    button(".edit", "Edit", () => this.wanted.edit(configuration));
    const confirm = button(".confirm", "Really delete", () => this.wanted.remove(configuration));
    button(".delete", "Delete", () => ((confirm.hidden = false), confirm.focus()));
    confirm.addEventListener("blur", () => (confirm.hidden = true));
    return row;
  }
}
