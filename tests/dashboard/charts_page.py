"""`ChartPage` is a tab with one card of the page, into which tests draw."""

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import STATIC
from tests.support.waiting import eventually

BUILD = """
const [card, done] = arguments;
(async () => {
  const html = await (await fetch("/")).text();
  const given = new DOMParser().parseFromString(html, "text/html");
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "/static/live.css";
  const loaded = new Promise((resolve) => { style.onload = resolve; });
  document.head.append(style);
  const main = document.body.appendChild(document.createElement("main"));
  main.append(given.querySelector(".rate-card"), given.querySelector(".strip-card"));
  await loaded;
  const [{ Columns }, { Strip }] =
    await Promise.all(["charts", "strip"].map((name) => import(`/static/${name}.js`)));
  window.columns = new Columns(document.querySelector(".columns"));
  window.strip = new Strip(document.querySelector(".strip"));
  document.querySelector(card === "rate-card" ? ".strip-card" : ".rate-card").hidden = true;
})().then(() => done(null), (error) => done(String(error.stack)));"""
TEXTS = """
const box = (element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return { left, right, top, bottom, x: (left + right) / 2, y: (top + bottom) / 2 };
};
const all = (selector) => [...document.querySelectorAll(`.series ${selector}`)];
return {
  plot: box(document.querySelector(".series")),
  labels: all(".labels text").map((each) =>
    ({ kind: each.getAttribute("class"), text: each.textContent, ...box(each) })),
  lines: all(".grid line").map((each) =>
    ({ kind: each.getAttribute("class"), ...box(each) })),
  bars: all(".bars g").map((group) => [...group.children].map((each) =>
    ({ kind: each.getAttribute("class"), ...box(each) }))),
  gaps: all(".gaps rect").map((each) => ({ kind: each.getAttribute("class"), ...box(each) })),
  mean: document.querySelector(".series .mean:not(.halo)").getAttribute("d"),
  nothing: document.querySelector(".series .nothing").textContent,
  reading: all(".reading").some((each) => getComputedStyle(each).visibility === "visible")
    ? all(".reading text").map((each) => each.textContent) : null,
  cross: all(".cross").map(box)[0] ?? null,
  words: document.querySelector(".series-words").textContent,
  zone: document.querySelector(".zone").textContent,
};"""


LOADED = """
const isThere = document.querySelector(".series .reading") !== null;
if (isThere) document.activeElement.blur();
else document.querySelector(".reader").focus();
return isThere;"""


class ChartPage(Dashboard):
    """Serves each module by itself: those that the page loads later belong to its one script."""

    def __init__(self, driver, server, card="rate-card"):
        server.files |= {path.name: path.read_text("utf-8") for path in STATIC.glob("*.js")}
        super().__init__(driver, server.url + "blank.html")
        self.show()
        error = self.run_async(BUILD, card)
        assert error is None, error
        eventually(lambda: self.run("return columns.text.width + strip.text.width > 0"))
        if card == "rate-card":
            self.draw(0, [minute()] * 60)
            eventually(lambda: self.run(LOADED))

    def draw(self, first, columns, until=None, **options):
        """Draws these minutes, and returns what is drawn.

        `columns`: from `minute`, or None. `first`: minutes since 1970.
        """
        minutes = {"first": first, "columns": columns, "until": until}
        self.run(
            "columns.draw(...arguments)",
            minutes,
            {"sentiment": None, "timeZone": "America/New_York"} | options,
        )
        return self.drawn

    @property
    def drawn(self):
        return self.run(TEXTS)

    @property
    def said(self):
        return self.run("return document.querySelector('.reader').getAttribute('aria-valuetext')")

    def press(self, *keys):
        """Presses keys, and returns what a screen reader says then."""
        self.run("document.querySelector('.reader').focus()")
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)
        return self.said

    def settled(self):
        """Waits until the browser has laid out the page and told the chart its size."""
        frames = "requestAnimationFrame(() => requestAnimationFrame(() => arguments[0]()))"
        self.run_async(frames)
        return self


def minute(positive=0, neutral=0, negative=0, mean=0.5, part=False):
    """Returns a column."""
    items = positive + neutral + negative
    counts = {"positive": positive, "neutral": neutral, "negative": negative}
    return counts | {"scoreSum": mean * items, "part": part}
