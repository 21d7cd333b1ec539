// The panel for one's own configurations: a session, the list, the form, and the configuration that is being watched.

import { Editor, List } from "./editor.js";
import { Refused, Session } from "./session.js";
import { Watch } from "./watch.js";

const OVER = "This session has ended or was revoked, and its configurations with it. Start a new session to go on.";
const GONE = "This configuration no longer exists. Choose another one, or create one.";

export class Panel {
  #session = new Session();
  #watch = null;

  constructor(root, timings) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.timings = timings;
    this.notice = find(".notice");
    this.place = find(".watched");
    this.editor = new Editor(find("form"), (draft, id) => this.#try(() => this.#save(draft, id)));
    this.list = new List(find(".configurations"), {
      watch: (configuration) => this.#open(configuration),
      edit: (configuration) => this.editor.edit(configuration),
      remove: (configuration) => this.#try(() => this.#remove(configuration)),
    });
    find(".sign-in").addEventListener("click", () => this.#try(() => this.#signIn()));
    find(".sign-out").addEventListener("click", () => this.#try(() => this.#signOut()));
  }

  start() {
    this.#show();
    if (this.#session.token) this.#try(() => this.#load());
  }

  redraw() {
    this.#watch?.redraw();
  }

  async #signIn() {
    await this.#session.signIn();
    this.#show();
    this.editor.focus();
    await this.#load();
  }

  async #signOut() {
    this.#unwatch();
    await this.#session.signOut();
    this.#show();
  }

  async #load() {
    this.list.show(await this.#session.configurations());
  }

  async #save(draft, configId) {
    const saved = await this.#session.save(draft, configId);
    this.editor.edit(null);
    if (this.#watch?.configId === saved.config_id) this.#watch.show(saved);
    await this.#load();
    if (!configId) this.#open(saved);
  }

  async #remove({ config_id: id }) {
    if (this.#watch?.configId === id) this.#unwatch();
    await this.#session.delete(id);
    this.editor.edit(null);
    this.editor.focus();
    await this.#load();
  }

  #open(configuration) {
    this.#unwatch();
    this.#say("");
    this.#watch = new Watch(this.place, configuration, {
      token: this.#session.token,
      timings: this.timings,
      over: (status) => this.#over(status),
      close: () => this.#unwatch(),
    });
    this.list.press(configuration.config_id);
  }

  #unwatch() {
    this.#watch?.close();
    this.#watch = null;
    this.list.press(null);
  }

  /** Refused for good: 401 is the end of the session, everything else of the configuration. */
  #over(status) {
    this.#unwatch();
    if (status !== 401) {
      this.#try(() => this.#load());
      return this.#say(GONE);
    }
    this.#session.forget();
    this.#show();
    this.#say(OVER);
  }

  #show() {
    this.root.dataset.session = this.#session.token ? "open" : "none";
    if (!this.#session.token) this.list.show([]);
    this.editor.edit(null);
  }

  #say(words) {
    this.notice.textContent = words;
  }

  async #try(act) {
    this.#say("");
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) this.#over(401);
      else this.#say(error.message);
    }
  }
}
