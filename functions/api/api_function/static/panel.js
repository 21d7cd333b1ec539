// The panel for the visitor's own configurations: the session, the list, the form, the watched one.

import { ConfigurationView } from "./configuration_view.js";
import { Editor, List } from "./editor.js";
import { Refused, Session } from "./session.js";

const SESSION_ENDED =
  "This session has ended or was revoked; its configurations are gone. Start a new session.";
const GONE = "This configuration no longer exists. Choose another one or create a new one.";

export class Panel {
  #session = new Session();
  #view = null;
  #pending = new Set(); // actions that have begun and are not done

  constructor(root, timings) {
    this.root = root;
    this.timings = timings;
    this.notice = root.querySelector(".notice");
    this.place = root.querySelector(".watched");
    this.editor = new Editor(root.querySelector("form"), {
      save: (draft, id) => this.#try("save", () => this.#save(draft, id)),
      cancelled: (id) => this.list.focus(id, ".edit"),
    });
    this.list = new List(root.querySelector(".configurations"), {
      watch: (configuration) => this.#toggle(configuration),
      edit: (configuration) => this.editor.edit(configuration),
      remove: ({ config_id: id }) => this.#try(id, () => this.#remove(id)),
    });
    const onClick = (selector, act) =>
      root.querySelector(selector).addEventListener("click", () => this.#try(selector, act));
    onClick(".sign-in", () => this.#signIn());
    onClick(".sign-out", () => this.#signOut());
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
    this.#focusNextStep();
  }

  async #load() {
    this.list.show(await this.#session.configurations());
  }

  async #save(draft, configId) {
    const saved = await this.#session.save(draft, configId);
    this.editor.edit(null);
    if (this.#view?.configId === saved.config_id) this.#view.show(saved);
    await this.#load();
    if (!configId) this.#watch(saved);
  }

  async #remove(id) {
    if (this.#view?.configId === id) this.#unwatch();
    await this.#session.delete(id).catch((error) => {
      if (error.status !== 404) throw error; // 404: another client has deleted it already
    });
    this.editor.edit(null);
    this.editor.focus();
    await this.#load();
  }

  #toggle(configuration) {
    if (this.#view?.configId === configuration.config_id) this.#unwatch();
    else this.#watch(configuration);
  }

  #watch(configuration) {
    this.#unwatch();
    this.#say("");
    this.#view = new ConfigurationView(this.place, configuration, {
      token: this.#session.token,
      timings: this.timings,
      ended: (httpStatus) => this.#ended(httpStatus),
      stopWatching: () => {
        this.#unwatch();
        this.list.focus(configuration.config_id, ".watch");
      },
    });
    this.list.press(configuration.config_id);
  }

  #unwatch() {
    this.#view?.close();
    this.#view = null;
    this.list.press(null);
  }

  /** Refused for good: 401 means that the session has ended, any other that a configuration has. */
  #ended(httpStatus) {
    const focused = this.root.contains(document.activeElement);
    this.#unwatch();
    if (httpStatus === 401) this.#session.forget();
    else this.#attempt(() => this.#load());
    this.#show();
    this.#say(httpStatus === 401 ? SESSION_ENDED : GONE);
    if (focused) this.#focusNextStep();
  }

  #show() {
    this.root.dataset.session = this.#session.token ? "open" : "none";
    if (!this.#session.token) this.list.show([]);
    this.editor.edit(null);
  }

  #focusNextStep() {
    if (this.#session.token) this.editor.focus();
    else this.root.querySelector(".sign-in").focus();
  }

  #say(words) {
    this.notice.textContent = words;
  }

  /** Runs an action, unless the one with the same key is still running. */
  async #try(key, act) {
    if (this.#pending.has(key)) return;
    this.#pending.add(key);
    await this.#attempt(act).finally(() => this.#pending.delete(key));
  }

  async #attempt(act) {
    this.#say("");
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if ([401, 404].includes(error.status)) this.#ended(error.status);
      else this.#say(error.message);
    }
  }
}
