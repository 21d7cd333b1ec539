// Which minute is read? Pointer, touch and keys choose one, and it stays the same minute while time
// passes. The element with the role `slider` says its value. Screen readers announce that text when
// it changes, so it changes with each move, and when a complete minute becomes known, but not with
// each item of the current minute.

import { minuteWords, timeOf } from "./minute_words.js";
import { minuteAfter } from "./reading_keys.js";
import { set } from "./elements.js";

export class Reading {
  #crosshair = null; // loaded with the first minute that is read
  #chosen = null; // the minute that keys or a tap have chosen
  #pointed = null; // the minute under a mouse
  #shown = null; // `{minutes, place, options, summary}` as drawn last

  /** `text`: measures texts of `svg`, which `slider` contains. */
  constructor(slider, svg, text) {
    this.slider = slider;
    this.svg = svg;
    this.text = text;
    slider.addEventListener("keydown", (pressed) => this.#press(pressed));
    slider.addEventListener("focus", () => this.#choose(this.#chosen ?? this.#last));
    slider.addEventListener("blur", () => {
      if (document.activeElement !== slider) this.#choose(null); // and not only the window's focus
    });
    slider.addEventListener("pointerdown", (pointer) => {
      if (pointer.isPrimary) this.#choose(this.#minuteUnder(pointer) ?? this.#chosen);
    });
    slider.addEventListener("pointermove", (pointer) => this.#move(pointer));
    slider.addEventListener("pointerleave", () => this.#point(null));
  }

  get #last() {
    const { minutes } = this.#shown ?? {};
    return minutes ? minutes.first + minutes.columns.length - 1 : null;
  }

  /** `minutes`: null before any is known. `place`: where they are drawn. */
  update({ minutes, place, options, summary }) {
    this.#shown = { minutes, place, options, summary };
    const isGone = (minute) => minute !== null && (!minutes || minute < minutes.first);
    if (isGone(this.#chosen)) this.#chosen = null;
    if (isGone(this.#pointed)) this.#pointed = null;
    const isGrowing = this.#chosen !== null && this.#chosen === this.#last;
    const isRead = this.#chosen !== null || document.activeElement !== this.slider;
    this.#say(!isGrowing && isRead);
    this.#draw();
  }

  #press(pressed) {
    const { minutes, place } = this.#shown ?? {};
    if (!minutes || pressed.ctrlKey || pressed.altKey || pressed.metaKey) return;
    if (pressed.key === "Escape") {
      if (this.#chosen === null && this.#pointed === null) return;
      pressed.stopPropagation(); // the first Escape leaves the value only
      this.#pointed = null;
      this.#choose(null);
      return;
    }
    const hour = { first: minutes.first, last: this.#last, rtl: place?.rtl ?? false };
    const minute = minuteAfter(pressed.key, this.#chosen, hour);
    if (minute === undefined) return;
    pressed.preventDefault();
    this.#pointed = null; // keys win over a mouse that only rests here
    this.#choose(minute);
  }

  #move(pointer) {
    const minute = this.#minuteUnder(pointer);
    if (pointer.pointerType === "mouse") this.#point(minute);
    if (pointer.buttons > 0 && pointer.isPrimary && minute !== null) this.#choose(minute);
  }

  #minuteUnder({ clientX }) {
    const { minutes, place } = this.#shown ?? {};
    if (!minutes || !place) return null;
    const index = place.minuteAt(clientX - this.svg.getBoundingClientRect().left);
    return index === null ? null : minutes.first + index;
  }

  #point(minute) {
    if (minute === this.#pointed) return;
    this.#pointed = minute;
    this.#draw();
  }

  #choose(minute) {
    this.#chosen = minute;
    this.#say(true);
    this.#draw();
  }

  #words(minute) {
    const { minutes, options } = this.#shown;
    const column = minutes.columns[minute - minutes.first];
    const isCurrent = minute === this.#last;
    const { sentiment, zone } = options;
    return minuteWords(timeOf(minute, zone), column, { isCurrent, sentiment });
  }

  /** `aloud`: write the words, too. */
  #say(aloud) {
    if (!this.#shown) return;
    const { minutes, summary } = this.#shown;
    set(this.slider, {
      "aria-valuemin": minutes?.first ?? 0,
      "aria-valuemax": this.#last ?? 0,
      "aria-valuenow": this.#chosen ?? this.#last ?? 0,
    });
    if (!aloud) return;
    const words = this.#chosen === null ? summary : this.#words(this.#chosen);
    set(this.slider, { "aria-valuetext": words });
  }

  #draw() {
    const { minutes, place, options } = this.#shown ?? {};
    const minute = this.#pointed ?? this.#chosen;
    if (!minutes || !place || minute === null) return this.#crosshair?.hide();
    if (!this.#crosshair) return this.#load();
    const { zone, sentiment } = options;
    const index = minute - minutes.first;
    return this.#crosshair.show({
      place,
      text: this.text,
      time: timeOf(minute, zone),
      column: minutes.columns[index],
      index,
      isCurrent: minute === this.#last,
      sentiment,
    });
  }

  /** Without the crosshair, the words are still there. */
  async #load() {
    const loaded = await import("./crosshair.js").catch(() => null);
    if (!loaded || this.#crosshair) return;
    this.#crosshair = new loaded.Crosshair(this.svg);
    this.#draw();
  }
}
