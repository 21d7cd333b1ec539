// The hour as a table: the same figures for those who read no chart. Filled only while open.

import { SENTIMENTS, caveat, meanScore, number, scoreText, timeOf } from "./minute_words.js";
import { itemsIn } from "./minutes.js";

export class ChartTable {
  #rows = new Map(); // by minute: the row, and what it shows
  #given = null;

  /** `details` holds a table with an empty head and body. */
  constructor(details) {
    this.details = details;
    this.head = details.querySelector("thead");
    this.body = details.querySelector("tbody");
    details.addEventListener("toggle", () => this.#fill());
  }

  draw(given) {
    this.#given = given;
    if (this.details.open) this.#fill();
  }

  #fill() {
    if (!this.details.open || !this.#given) return;
    const { minutes, zone, sentiment } = this.#given;
    const { first, columns } = minutes;
    const titles = sentiment
      ? ["Time", sentiment]
      : ["Time", "Items", ...SENTIMENTS, "Mean score"];
    const head = titles.join();
    if (this.head.dataset.titles !== head) {
      this.head.dataset.titles = head;
      this.head.replaceChildren(row("th", "col", titles));
      this.#rows.clear();
      this.body.replaceChildren();
    }
    const last = first + columns.length - 1;
    for (const [minute, { element }] of this.#rows) {
      if (minute >= first && minute <= last) continue;
      element.remove();
      this.#rows.delete(minute);
    }
    columns.forEach((column, index) => {
      this.#write(first + index, last, cells(column, first + index === last, sentiment), zone);
    });
  }

  /** The newest minute stands first. */
  #write(minute, last, texts, zone) {
    const shown = texts.join();
    const before = this.#rows.get(minute);
    if (before?.shown === shown) return;
    const element = row("td", "row", [timeOf(minute, zone), ...texts]);
    const across = this.head.firstChild.children.length - texts.length;
    element.lastElementChild.colSpan = across; // "not known" stands for all cells
    this.#rows.set(minute, { element, shown });
    if (before) before.element.replaceWith(element);
    else this.body.insertBefore(element, this.#below(minute));
  }

  /** Returns the row of the newest minute before this one. */
  #below(minute) {
    const older = [...this.#rows.keys()].filter((each) => each < minute);
    return older.length ? this.#rows.get(Math.max(...older)).element : null;
  }
}

function cells(column, isCurrent, sentiment) {
  if (column === null) return ["not known"];
  const caution = caveat(column, isCurrent);
  const words = (count) => number(count) + (caution ? ` (${caution})` : "");
  if (sentiment) return [words(column[sentiment])];
  const each = SENTIMENTS.map((tone) => number(column[tone]));
  return [words(itemsIn(column)), ...each, scoreText(meanScore(column))];
}

/** Returns a row whose first cell, or all of a head, are headers of this `scope`. */
function row(tag, scope, texts) {
  const element = document.createElement("tr");
  texts.forEach((text, index) => {
    const cell = document.createElement(index === 0 ? "th" : tag);
    if (cell.localName === "th") cell.scope = scope;
    cell.textContent = text;
    element.append(cell);
  });
  return element;
}
