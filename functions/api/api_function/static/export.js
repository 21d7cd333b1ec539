// Takes away what is shown: as files, and as a link.

import { fileName, itemsCsv, minutesCsv } from "./csv.js";

const KEPT_MS = 60_000; // a browser may ask where to save a file before it reads it

export class Export {
  #places;
  #shown;

  /** `shown()`: the listed `items`, the `minutes` and `now` of the view, `filter`, `address`. */
  constructor(root, shown) {
    const place = (selector) => root.querySelector(selector);
    this.#shown = shown;
    this.#places = {
      said: place(".said"),
      link: place(".link"),
      address: place(".link input"),
    };
  }

  saveItems() {
    const { items, filter, now } = this.#shown();
    save(fileName("items", filter, now), itemsCsv(items));
    this.#say(items.length === 1 ? "1 item saved" : `${items.length} items saved`);
  }

  saveMinutes() {
    const { minutes, filter, now } = this.#shown();
    save(fileName("minutes", { ticker: filter.ticker }, now), minutesCsv(minutes));
    this.#say("60 minutes saved");
  }

  async share() {
    const { address } = this.#shown();
    this.#places.link.hidden = true;
    if (await isShared(address)) return this.#say("");
    if (await isCopied(address)) return this.#say("Link copied");
    this.#places.link.hidden = false;
    this.#places.address.value = address;
    this.#places.address.select(); // gives it the focus, too
    return this.#say("Copy the link from the field");
  }

  #say(text) {
    const { said } = this.#places;
    said.textContent = ""; // the same words once more are announced, too
    said.textContent = text;
  }
}

/** Says whether the visitor was asked where to share the address, even if they declined. */
async function isShared(address) {
  try {
    if (!navigator.share) return false;
    await navigator.share({ title: document.title, url: address });
    return true;
  } catch (error) {
    return error.name === "AbortError";
  }
}

async function isCopied(address) {
  try {
    await navigator.clipboard.writeText(address);
    return true;
  } catch {
    return false;
  }
}

function save(file, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
