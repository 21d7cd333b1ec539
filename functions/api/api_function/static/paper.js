// A printed page says more than the screen: when it was printed, how the stream stood then, and the
// address, which holds the filter.

const MOMENT = { dateStyle: "long", timeStyle: "long" };

/** Writes these words into `place` before each printing. */
export function describeOnPaper(place) {
  addEventListener("beforeprint", () => {
    const moment = new Intl.DateTimeFormat("en-GB", MOMENT).format(new Date());
    const parts = [".status", ".freshness", ".unknown"].map(
      (selector) => document.querySelector(selector)?.textContent,
    );
    const words = [`Printed ${moment}`, ...parts, location.href];
    place.textContent = words.filter(Boolean).join(" · ");
  });
}
