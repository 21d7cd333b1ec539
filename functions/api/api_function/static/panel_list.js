// The list of the visitor's configurations: a row for each, with buttons to watch, change, delete.

const ROW = document.getElementById("configuration-template");

export class List {
  changes = 0; // so often one has been added, changed or removed
  #rows = new Map(); // by configuration id

  /** `actions`: `{watch, edit, remove}`, each called with a configuration. */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
  }

  /** Shows these; rows of those that were there before stay, and keep the focus. */
  show(configurations) {
    const wanted = new Set(configurations.map(({ config_id }) => config_id));
    for (const id of this.#rows.keys()) if (!wanted.has(id)) this.remove(id);
    for (const each of configurations) this.put(each);
  }

  /** Shows one configuration as it is now. */
  put(configuration) {
    this.changes += 1;
    const { config_id: id } = configuration;
    const known = this.#rows.get(id);
    if (known) return known.show(configuration);
    const row = new Row(configuration, this.actions);
    this.#rows.set(id, row);
    this.root.append(row.root);
  }

  remove(configId) {
    this.changes += 1;
    this.#rows.get(configId)?.root.remove();
    this.#rows.delete(configId);
  }

  /** Marks the configurations with these ids as those that are watched. */
  press(configIds) {
    for (const [id, row] of this.#rows) row.press(configIds.includes(id));
  }

  /** Puts the focus on a control of this configuration, if it is in the list. */
  focus(configId, selector) {
    this.#rows.get(configId)?.root.querySelector(selector).focus();
  }

  /** Closes a question whether to delete. Says whether there was one. */
  escape() {
    return [...this.#rows.values()].some((row) => row.escape());
  }
}

class Row {
  #isWatched = false;

  constructor(configuration, { watch, edit, remove }) {
    this.root = ROW.content.firstElementChild.cloneNode(true);
    this.watch = this.#button(".watch", () => watch(this.configuration));
    this.edit = this.#button(".edit", () => edit(this.configuration));
    this.confirm = this.#button(".confirm", () => remove(this.configuration));
    this.delete = this.#button(".delete", () => {
      this.confirm.hidden = false;
      this.confirm.focus();
    });
    this.confirm.addEventListener("blur", () => {
      this.confirm.hidden = true;
    });
    this.show(configuration);
  }

  show(configuration) {
    const { name: called, tickers } = configuration;
    this.configuration = configuration;
    this.root.querySelector(".name").textContent = called;
    this.root.querySelector(".tickers").textContent = tickers.join(" ");
    this.edit.ariaLabel = `Edit ${called}`;
    this.delete.ariaLabel = `Delete ${called}`;
    this.confirm.ariaLabel = `Really delete ${called}`;
    this.press(this.#isWatched);
  }

  press(isWatched) {
    const verb = isWatched ? "Watching" : "Watch";
    this.#isWatched = isWatched;
    this.watch.textContent = verb;
    this.watch.ariaLabel = `${verb} ${this.configuration.name}`;
    this.watch.ariaPressed = String(isWatched);
  }

  escape() {
    if (this.confirm.hidden) return false;
    this.delete.focus(); // the question goes when it loses the focus
    this.confirm.hidden = true;
    return true;
  }

  #button(selector, act) {
    const button = this.root.querySelector(selector);
    button.addEventListener("click", act);
    return button;
  }
}
