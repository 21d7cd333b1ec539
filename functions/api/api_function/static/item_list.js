// A list of the newest items. Rows are places: the first shows the newest item, whichever that is.
// So nothing moves when an item comes, and a row that is looked at keeps its place in the page.

import { Arrivals } from "./arrivals.js";
import { write } from "./elements.js";
import { Hold } from "./hold.js";

const ROW = document.getElementById("item-template");
const BAR = document.getElementById("hold-template");
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const SCORE = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const NUMBER = new Intl.NumberFormat("en");
const TICKER = /^[A-Z]{1,5}$/;
const WHY = {
  pinned: "held until you press Space or the button",
  focus: "held while the focus is in it (\u2191 \u2193, Enter filters)",
  pointer: "held while you point at it",
  scrolled: "held while scrolled down",
};
const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export class ItemList {
  #list;
  #empty;
  #bar;
  #rows = []; // each with its element, its cells, and the item that it shows
  #arrivals = new Arrivals();
  #hold;
  #drawing = false;
  #shown = null; // the items while the list is held
  #last = { items: [], now: 0, choice: "" }; // as drawn last, or withheld

  /** `root` has an `.items` and may have an `.empty`. The bar is put in front of the list. */
  constructor(root) {
    this.#list = root.querySelector(".items");
    this.#empty = root.querySelector(".empty");
    this.#list.before(BAR.content.cloneNode(true));
    const bar = this.#list.previousElementSibling;
    this.#bar = {
      words: bar.querySelector(".held-words"),
      hold: bar.querySelector(".hold"),
      show: bar.querySelector(".show-new"),
    };
    this.#hold = new Hold(this.#list, bar, {
      waiting: () => (this.#shown ? this.#arrivals.count : 0),
      changed: () => this.#redraw(),
    });
    this.#bar.hold.addEventListener("click", () => this.#hold.toggle());
    this.#bar.show.addEventListener("click", () => this.#hold.release());
    this.#list.addEventListener("keydown", (pressed) => this.#step(pressed));
  }

  /**
   * Notes the newest items. To be called after each fact: then new items are counted right even if
   * more of them come between two drawings than the page remembers.
   */
  note(items, now) {
    this.#arrivals.note(items, now);
  }

  /** The items that the list shows. */
  get listed() {
    return this.#rows.map(({ item }) => item);
  }

  /** `now`: the service's clock. Another `choice` is another list, which nobody reads yet. */
  draw(items, now, choice = "") {
    if (choice !== this.#last.choice) {
      this.#last.choice = choice;
      this.#arrivals.forget();
      this.#hold.release();
    }
    this.#arrivals.note(items, now);
    this.#last = { items, now, choice };
    this.#redraw();
  }

  #redraw() {
    if (this.#drawing) return; // a change of the focus made by the drawing itself
    this.#drawing = true;
    const { items, now } = this.#last;
    const { reason } = this.#hold;
    if (!reason || !this.#rows.length) this.#shown = null;
    else this.#shown ??= this.#rows.map(({ item }) => item);
    if (!this.#shown) this.#arrivals.restart(); // all that came are drawn now
    this.#fill(this.#shown ?? items, now);
    if (this.#empty) this.#empty.hidden = this.#rows.length > 0;
    this.#drawBar(this.#shown ? reason : null);
    this.#drawing = false;
  }

  #fill(items, now) {
    if (items.length < this.#rows.length) this.#keepFocus(items.length);
    while (this.#rows.length > items.length) this.#rows.pop().row.remove();
    while (this.#rows.length < items.length) this.#rows.push(this.#newRow());
    items.forEach((item, index) => {
      const place = this.#rows[index];
      place.row.classList.toggle("fresh", this.#arrivals.isFresh(item.item_id, now));
      show(place, item, now);
    });
  }

  /** Moves the focus to the list when the row that has it goes. */
  #keepFocus(rows) {
    const going = this.#rows.slice(rows);
    if (going.some(({ row }) => row.contains(document.activeElement))) this.#list.focus();
  }

  #newRow() {
    this.#list.append(ROW.content.cloneNode(true));
    const row = this.#list.lastElementChild;
    const cell = (selector) => row.querySelector(selector);
    const [ticker, button] = [cell(".ticker"), cell("button")];
    const [sentiment, score] = [cell(".sentiment"), cell(".score")];
    return { row, ticker, button, sentiment, score, tags: cell(".tag-names"), time: cell("time") };
  }

  #drawBar(reason) {
    const { words, hold, show: button } = this.#bar;
    const { count, isLeast } = this.#arrivals;
    write(words, reason ? WHY[reason] : "");
    hold.setAttribute("aria-pressed", String(reason === "pinned"));
    const more = isLeast ? " or more" : "";
    if (reason && count > 0) write(button, `${NUMBER.format(count)}${more} new, show`);
    const unused = !reason || count === 0;
    if (unused && button === document.activeElement) hold.focus();
    button.hidden = unused;
    this.#list.classList.toggle("held", reason !== null);
  }

  /** Arrow keys, Home and End move the focus from row to row; Escape returns to the list. */
  #step(pressed) {
    const buttons = this.#rows.map(({ button }) => button).filter(({ disabled }) => !disabled);
    const at = buttons.indexOf(document.activeElement);
    if (pressed.key === "Escape" && at >= 0) this.#list.focus();
    const step = STEPS[pressed.key];
    if (step === undefined || !buttons.length) return;
    pressed.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))].focus();
  }
}

function show(place, item, now) {
  const text = when(item.timestamp, now);
  write(place.time, text);
  if (place.item === item) return;
  place.item = item;
  place.row.dataset.item = item.item_id;
  place.row.dataset.sentiment = item.sentiment;
  place.button.disabled = !TICKER.test(item.ticker);
  place.button.dataset.ticker = item.ticker;
  write(place.ticker, item.ticker);
  write(place.sentiment, item.sentiment);
  write(place.score, item.score !== null ? SCORE.format(item.score) : "–");
  write(place.tags, item.tags.filter((tag) => tag !== item.ticker).join(" · "));
  if (text === "–") place.time.removeAttribute("datetime");
  else place.time.dateTime = new Date(item.timestamp).toISOString();
}

/** Returns a moment as the visitor's clock shows it, with the date unless that is today's. */
function when(timestamp, now) {
  const at = Date.parse(timestamp);
  if (!Number.isFinite(at)) return "–";
  const today = new Date(now);
  const day = new Date(at);
  if (day.toDateString() === today.toDateString()) return CLOCK.format(at);
  const date = day.getFullYear() === today.getFullYear() ? DAY : DATE;
  return `${date.format(at)} ${CLOCK.format(at)}`;
}
