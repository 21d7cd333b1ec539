// May the list move, or does somebody read it? Pointer, focus, scrolling or Space hold it.
//
// The pointer holds the list once it has moved on it, and the focus while it is inside. Both may go
// on to the bar above the list, whose buttons are for the held list. A list that is scrolled down
// is held, too: a finger can do no more. Space, or the button "Hold", holds the list until it is
// released again. A list that was released by Space or by a button goes on although the pointer or
// the focus is still there, until it comes anew.

const NONE = Object.freeze({ pinned: false, focus: false, pointer: false, scrolled: false });

export class Hold {
  #reasons = { ...NONE };
  #ignored = false; // the pointer, until it has left
  #list;
  #waiting;
  #changed;

  /** Calls `changed()` after each change. `waiting()`: how many new items the list withholds. */
  constructor(list, bar, { waiting, changed }) {
    this.#list = list;
    this.#waiting = waiting;
    this.#changed = changed;
    const stays = ({ relatedTarget: to }) => list.contains(to) || bar.contains(to);
    list.addEventListener("pointermove", ({ pointerType }) => {
      if (pointerType !== "touch" && !this.#ignored) this.#set("pointer", true);
    });
    list.addEventListener("scroll", () => this.#set("scrolled", list.scrollTop > 0));
    list.addEventListener("focusin", () => this.#set("focus", true));
    for (const part of [list, bar]) {
      part.addEventListener("focusout", (left) => stays(left) || this.#set("focus", false));
      part.addEventListener("pointerleave", (left) => {
        if (stays(left)) return;
        this.#ignored = false;
        document.removeEventListener("keydown", this.#takeElsewhere);
        this.#set("pointer", false);
      });
    }
    list.addEventListener("keydown", (pressed) => this.#take(pressed));
  }

  /** Returns why the list is held: one of the keys of NONE; null while it is not. */
  get reason() {
    const reasons = Object.keys(this.#reasons);
    return reasons.find((reason) => this.#reasons[reason]) ?? null;
  }

  /** Releases a list that withholds new items or was held by hand; holds any other. */
  toggle() {
    if (this.#reasons.pinned || this.#waiting() > 0) this.release();
    else this.#set("pinned", true);
  }

  release() {
    this.#ignored = this.#reasons.pointer;
    this.#reasons = { ...NONE };
    this.#list.scrollTop = 0;
    this.#changed();
  }

  #take(pressed) {
    if (pressed.key !== " " || pressed.target.closest("button")) return;
    pressed.preventDefault(); // Space would scroll
    this.toggle();
  }

  /** While the pointer is on the list and nothing has the focus, Space is for the list, too. */
  #takeElsewhere = (pressed) => {
    if (!this.#list.isConnected) document.removeEventListener("keydown", this.#takeElsewhere);
    else if (pressed.target === document.body) this.#take(pressed);
  };

  #set(reason, value) {
    if (this.#reasons[reason] === value) return;
    this.#reasons[reason] = value;
    if (reason === "pointer" && value) document.addEventListener("keydown", this.#takeElsewhere);
    this.#changed();
  }
}
