// The panel for one's own configurations: a session, the list, the form, and the configuration that is being watched.

import { Editor, List } from "./editor.js";
import { Refused, Session } from "./session.js";
import { ConfigurationView } from "./configuration_view.js";

const OVER = "This session has ended or was revoked, and its configurations with it. Start a new session to go on.";
const GONE = "This configuration no longer exists. Choose another one, or create one.";

export class Panel {
  #session = new Session();
  #view = null;
  #pending = new Set(); // what has been asked for and is not done

  constructor(root, timings) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.timings = timings;
    this.notice = find(".notice");
    this.place = find(".watched");
    this.editor = new Editor(find("form"), {
      save: (draft, id) => this.#try("save", () => this.#save(draft, id)),
      cancelled: (id) => this.list.focus(id, ".edit"),
    });
    this.list = new List(find(".configurations"), {
      watch: (configuration) => this.#toggle(configuration),
      edit: (configuration) => this.editor.edit(configuration),
      remove: (configuration) => this.#try(configuration.config_id, () => this.#remove(configuration)),
    });
    find(".sign-in").addEventListener("click", () => this.#try("sign in", () => this.#signIn()));
    find(".sign-out").addEventListener("click", () => this.#try("sign out", () => this.#signOut()));
  }

  start() {
    this.#show();
    if (this.#session.token) this.#attempt(() => this.#load());
  }

  redraw() {
    this.#view?.redraw();
  }

  async #signIn() {
    await this.#session.signIn();
    this.#show();
    this.editor.focus();
  }

  async #signOut() {
    this.#unwatch();
    await this.#session.signOut();
    this.#show();
    this.#invite();
  }

  async #load() {
    this.list.show(await this.#session.configurations());
  }

  async #save(draft, configId) {
    const saved = await this.#session.save(draft, configId);
    this.editor.edit(null);
    if (this.#view?.configId === saved.config_id) this.#view.show(saved);
    await this.#load();
    if (!configId) this.#open(saved);
  }

  async #remove({ config_id: id }) {
    if (this.#view?.configId === id) this.#unwatch();
    await this.#session.delete(id).catch((error) => {
      if (error.status !== 404) throw error; // somebody was faster
    });
    this.editor.edit(null);
    this.editor.focus();
    await this.#load();
  }

  #toggle(configuration) {
    if (this.#view?.configId === configuration.config_id) this.#unwatch();
    else this.#open(configuration);
  }

  #open(configuration) {
    this.#unwatch();
    this.#say("");
    this.#view = new ConfigurationView(this.place, configuration, {
      token: this.#session.token,
      timings: this.timings,
      over: (status) => this.#over(status),
      close: () => (this.#unwatch(), this.list.focus(configuration.config_id, ".watch")),
    });
    this.list.press(configuration.config_id);
  }

  #unwatch() {
    this.#view?.close();
    this.#view = null;
    this.list.press(null);
  }

  /** Refused for good: 401 is the end of the session, everything else of the configuration. */
  #over(status) {
    const focused = this.root.contains(document.activeElement);
    this.#unwatch();
    if (status === 401) this.#session.forget();
    else this.#attempt(() => this.#load());
    this.#show();
    this.#say(status === 401 ? OVER : GONE);
    if (focused) this.#invite();
  }

  #show() {
    this.root.dataset.session = this.#session.token ? "open" : "none";
    if (!this.#session.token) this.list.show([]);
    this.editor.edit(null);
  }

  /** The focus is where one goes on: with a session, or without one. */
  #invite() {
    if (this.#session.token) this.editor.focus();
    else this.root.querySelector(".sign-in").focus();
  }

  #say(words) {
    this.notice.textContent = words;
  }

  /** What is pressed twice is done once. */
  async #try(name, act) {
    if (this.#pending.has(name)) return;
    this.#pending.add(name);
    await this.#attempt(act).finally(() => this.#pending.delete(name));
  }

  async #attempt(act) {
    this.#say("");
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if ([401, 404].includes(error.status)) this.#over(error.status);
      else this.#say(error.message);
    }
  }
}
