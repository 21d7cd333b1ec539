// The panel for the visitor's own configurations: the session, the list, the form, the boards.

import { Boards } from "./boards.js";
import { Editor } from "./editor.js";
import { keepingFocus } from "./focus.js";
import { List } from "./panel_list.js";
import { FULL, NOT_LOADED, SESSION_ENDED, refusedCall, refusedField } from "./panel_words.js";
import { cannotBeWatched, gone, goneWhileEdited, notFoundAgain } from "./panel_words.js";
import { Refused, Session } from "./session.js";

const [SIGN_IN, SIGN_OUT] = [".sign-in", ".sign-out"];

export class Panel {
  #session = new Session();
  #pending = new Set(); // actions that have begun and are not done
  #gone = []; // names of the configurations that the notice calls gone

  constructor(root, timings) {
    this.root = root;
    this.timings = timings;
    this.notice = root.querySelector(".notice");
    this.editor = new Editor(root.querySelector("form"), {
      save: (draft, id) => this.#try("save", () => this.#save(draft, id)),
      cancelled: (id) => this.list.focus(id, ".edit"),
    });
    this.list = new List(root.querySelector(".configurations"), {
      watch: (configuration) => this.#toggle(configuration),
      edit: (configuration) => this.editor.edit(configuration),
      remove: ({ config_id: id }) => this.#try(id, () => this.#remove(id)),
    });
    this.boards = new Boards(root.querySelector(".watched"), {
      ended: (configuration, httpStatus) => this.#ended(configuration, httpStatus),
      stopWatching: ({ config_id: id }) => {
        this.#unwatch(id);
        this.list.focus(id, ".watch");
      },
    });
    const onClick = (selector, act) =>
      root.querySelector(selector).addEventListener("click", () => this.#try(selector, act));
    onClick(SIGN_IN, () => this.#signIn());
    onClick(SIGN_OUT, () => this.#signOut());
    root.addEventListener("keydown", (pressed) => this.#escape(pressed));
  }

  start() {
    this.#showSession();
    if (this.#session.token) this.#restore(this.timings.firstRetryMs);
    else this.boards.closeAll();
  }

  redraw() {
    this.boards.redraw();
  }

  async #signIn() {
    await this.#session.signIn();
    this.#showSession();
    this.editor.focus();
  }

  async #signOut() {
    const watched = this.boards.ids;
    try {
      await this.#session.signOut();
    } catch (error) {
      if (error.status !== 401) throw error; // 401: it has ended already
      this.#session.forget();
    }
    this.boards.closeAll();
    this.editor.clear();
    this.#showSession();
    this.#focusNextStep();
  }

  /** Loads the list and opens the boards that were there before a reload, until that succeeds. */
  async #restore(delayMs) {
    const { token } = this.#session;
    try {
      await this.#load();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (token !== this.#session.token) return;
      if (error.status === 401) return this.#sessionEnded();
      this.#say(NOT_LOADED);
      const nextMs = Math.min(2 * delayMs, this.timings.longestRetryMs);
      const again = () => token === this.#session.token && this.#restore(nextMs);
      return setTimeout(again, delayMs);
    }
    if (this.notice.textContent === NOT_LOADED) this.#say("");
  }

  /** Shows all configurations; boards of those that no longer exist go. */
  async #load() {
    const { token } = this.#session;
    const { changes } = this.list;
    const configurations = await this.#session.configurations();
    if (token !== this.#session.token) return;
    if (changes !== this.list.changes) return this.#load(); // the list is older than what it lacks
    const byId = new Map(configurations.map((each) => [each.config_id, each]));
    const lost = this.boards.ids.filter((id) => !byId.has(id));
    this.#keepingFocus(() => {
      this.list.show(configurations);
      for (const id of lost) this.boards.close(id);
    });
    for (const id of this.boards.ids) {
      this.boards.show(byId.get(id));
      this.boards.open(byId.get(id), { token, timings: this.timings });
    }
    this.list.press(this.boards.ids);
    if (lost.length) this.#say(notFoundAgain(lost.length));
  }

  async #save(draft, configId) {
    const { token } = this.#session;
    this.editor.saving = true;
    try {
      const saved = await this.#session.save(draft, configId);
      if (token === this.#session.token) this.#saved(saved, configId === null);
    } catch (error) {
      const problems = error instanceof Refused && refusedField(error);
      if (problems) this.editor.refuse(problems);
      else if (error.status === 404 && configId) this.#goneWhileEdited(configId, draft);
      else throw error;
    } finally {
      this.editor.saving = false;
    }
  }

  #saved(configuration, isNew) {
    const { config_id: id } = configuration;
    this.editor.done();
    this.list.put(configuration);
    this.boards.show(configuration);
    if (isNew) this.#watch(configuration);
    if (isNew) this.editor.focus();
    else this.list.focus(id, ".edit");
  }

  async #remove(id) {
    const { token } = this.#session;
    await this.#session.delete(id).catch((error) => {
      if (error.status !== 404) throw error; // 404: another client has deleted it already
    });
    if (token !== this.#session.token) return;
    if (this.editor.edited === id) this.editor.done();
    this.#keepingFocus(() => this.#drop(id));
  }

  #toggle(configuration) {
    this.#say("");
    if (this.boards.has(configuration)) this.#unwatch(configuration.config_id);
    else this.#watch(configuration);
  }

  #watch(configuration) {
    const { token } = this.#session;
    if (!this.boards.open(configuration, { token, timings: this.timings })) this.#say(FULL);
    this.list.press(this.boards.ids);
  }

  #unwatch(id) {
    this.boards.close(id);
    this.list.press(this.boards.ids);
  }

  /** The stream of a board was refused for good. */
  #ended(configuration, httpStatus) {
    const { config_id: id } = configuration;
    if (httpStatus === 401) return this.#pending.has(SIGN_OUT) || this.#sessionEnded();
    if (httpStatus !== 404) {
      this.#keepingFocus(() => this.#unwatch(id));
      return this.#say(cannotBeWatched(configuration, httpStatus));
    }
    this.#keepingFocus(() => this.#drop(id));
    if (this.#pending.has(id)) return; // the visitor is deleting it
    const names = [...this.#gone, configuration.name];
    this.#say(gone(names));
    this.#gone = names;
  }

  #sessionEnded() {
    this.#keepingFocus(() => {
      this.#session.forget();
      this.boards.closeAll();
      this.editor.becomeNew();
      this.#showSession();
    });
    this.#say(SESSION_ENDED);
  }

  #goneWhileEdited(id, draft) {
    this.#drop(id);
    this.editor.focus();
    this.#say(goneWhileEdited(draft));
  }

  /** This configuration does not exist any more. What was typed for it stays in the form. */
  #drop(id) {
    if (this.editor.edited === id) this.editor.becomeNew();
    this.list.remove(id);
    this.#unwatch(id);
  }

  #escape(pressed) {
    if (pressed.key !== "Escape" || pressed.isComposing || pressed.defaultPrevented) return;
    if (pressed.target.closest(".items")) return; // there, it leaves a row
    if (this.list.escape() || this.editor.cancel()) pressed.preventDefault();
  }

  #showSession() {
    this.root.dataset.session = this.#session.token ? "open" : "none";
    if (!this.#session.token) this.list.show([]);
  }

  #keepingFocus(act) {
    keepingFocus(this.root, act, () => this.#focusNextStep());
  }

  #focusNextStep() {
    if (this.#session.token) this.editor.focus();
    else this.root.querySelector(SIGN_IN).focus();
  }

  #say(words) {
    this.#gone = [];
    if (this.notice.textContent !== words) this.notice.textContent = words;
  }

  /** Runs an action, unless the one with the same key is still running. */
  async #try(key, act) {
    if (this.#pending.has(key)) return;
    this.#pending.add(key);
    await this.#attempt(act).finally(() => this.#pending.delete(key));
  }

  async #attempt(act) {
    const { token } = this.#session;
    this.#say("");
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (token !== this.#session.token) return; // it belongs to a session that is over
      if (token && error.status === 401) this.#sessionEnded();
      else this.#say(refusedCall(error));
    }
  }
}
