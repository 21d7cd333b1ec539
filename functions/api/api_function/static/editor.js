// The form for one configuration: what was typed, what is wrong with it, and whose it is.

import { draftOf, problemsOf } from "./editor_rules.js";

const FIELDS = ["name", "tickers"];

/** The form: creates a configuration, or changes the one handed to `edit`. */
export class Editor {
  #edited = null;
  #draft = null; // the input for a new configuration, while another one is edited
  #isSaving = false;

  /**
   * Calls `save(draft, configId)` to create a configuration, or to change the one with this id, and
   * `cancelled(configId)` when that one stays as it is.
   */
  constructor(form, { save, cancelled }) {
    this.form = form;
    this.cancelled = cancelled;
    form.querySelector(".cancel").addEventListener("click", () => this.cancel());
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      const draft = draftOf(this.#typed());
      if (this.refuse(problemsOf(draft))) return;
      save(draft, this.#edited);
    });
    for (const field of FIELDS) {
      form.elements[field].addEventListener("input", () => this.#mended(field));
    }
  }

  /** The id of the configuration that is being changed; null: a new one is being written. */
  get edited() {
    return this.#edited;
  }

  /** Shows a configuration to be changed. */
  edit(configuration) {
    if (this.#isSaving) return;
    if (!this.#edited) this.#draft = this.#typed();
    const tickers = configuration.tickers.join(" ");
    this.#show({ ...configuration, tickers }, configuration.config_id);
    this.focus();
  }

  /** What is shown was saved: the form is ready for a new configuration. */
  done() {
    if (this.#edited) this.#showDraft();
    else this.clear();
  }

  /** Leaves the edited configuration as it is. Says whether there was one. */
  cancel() {
    const id = this.#edited;
    if (!id || this.#isSaving) return false;
    this.#showDraft();
    this.cancelled(id);
    return true;
  }

  /** The edited configuration has gone: what was typed can become a new one. */
  becomeNew() {
    this.#show(this.#typed(), null);
  }

  /** Forgets all that was typed. */
  clear() {
    this.#draft = null;
    this.#show({ name: "", tickers: "" }, null);
  }

  /** While this is true, nothing can be typed, and no other configuration can be edited. */
  set saving(isSaving) {
    this.#isSaving = isSaving;
    this.form.setAttribute("aria-busy", String(isSaving));
    for (const field of FIELDS) this.form.elements[field].readOnly = isSaving;
  }

  /**
   * Shows what is wrong, as `{field: words}`, at the fields, and puts the focus on the first of
   * them. Returns whether anything is wrong.
   */
  refuse(problems) {
    for (const field of FIELDS) this.#mark(field, problems[field] ?? "");
    const first = FIELDS.find((field) => problems[field]);
    if (first) this.form.elements[first].focus();
    return first !== undefined;
  }

  focus() {
    this.form.elements.name.focus();
  }

  #typed() {
    const { elements } = this.form;
    return Object.fromEntries(FIELDS.map((field) => [field, elements[field].value]));
  }

  #showDraft() {
    this.#show(this.#draft ?? { name: "", tickers: "" }, null);
    this.#draft = null;
  }

  #show(typed, configId) {
    this.#edited = configId;
    this.form.dataset.mode = configId ? "edit" : "create";
    for (const field of FIELDS) {
      this.form.elements[field].value = typed[field];
      this.#mark(field, "");
    }
  }

  /** A field that was wrong has changed. */
  #mended(field) {
    if (this.form.elements[field].getAttribute("aria-invalid") !== "true") return;
    this.#mark(field, problemsOf(draftOf(this.#typed()))[field] ?? "");
  }

  #mark(field, words) {
    const input = this.form.elements[field];
    const problem = this.form.querySelector(`#${field}-problem`);
    const hint = this.form.querySelector(`#${field}-hint`);
    const described = [words && problem.id, hint?.id].filter(Boolean);
    problem.textContent = words;
    input.setAttribute("aria-invalid", String(words !== ""));
    if (described.length) input.setAttribute("aria-describedby", described.join(" "));
    else input.removeAttribute("aria-describedby");
  }
}
