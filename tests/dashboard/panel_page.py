"""Reads the panel as a visitor sees it, and fills in its form."""

from tests.dashboard.axe import AXE, found_by_axe
from tests.support.waiting import eventually

ROWS = "return [...document.querySelectorAll('.configurations li .name')].map((b) => b.innerText)"
FIELD = """
const input = document.querySelector(`form [name=${arguments[0]}]`);
if (!input) return { focused: false }; // the panel is being loaded
const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
return {
  value: input.value,
  invalid: input.ariaInvalid === "true",
  focused: input === document.activeElement,
  problem: described.map((id) => document.getElementById(id))
    .filter((each) => each.matches(".problem") && each.checkVisibility())
    .map((each) => each.textContent).join(),
};"""
WATCH = """
const row = [...document.querySelectorAll(".configurations li")]
  .find((each) => each.querySelector(".name").textContent === arguments[0]);
const button = row.querySelector(".watch");
return { text: button.textContent, label: button.ariaLabel, pressed: button.ariaPressed };"""
BOARDS = """
return [...document.querySelectorAll(".configuration-view")].map((board) => ({
  name: board.querySelector("h3 .name").textContent,
  state: board.dataset.state,
  label: document.getElementById(board.getAttribute("aria-labelledby")).innerText,
  items: [...board.querySelectorAll(".items li")].map((row) => row.dataset.item),
  tickers: board.querySelector(".tickers").textContent,
  left: Math.round(board.getBoundingClientRect().left),
  top: Math.round(board.getBoundingClientRect().top),
}));"""
STORED = "return sessionStorage.getItem('lambda-sse.watched')"


def signed_in(dashboard, server):
    """Opens a page with a session."""
    opened = dashboard(server.url, firstRetryMs=200, pollMs=300)
    opened.wait_for(state="live")
    opened.click(".sign-in")
    eventually(lambda: opened.run(FIELD, "name")["focused"])
    return opened


def names(page):
    return [board["name"] for board in page.run(BOARDS)]


def all_live(page, *expected):
    def shown():
        boards = page.run(BOARDS)
        live = all(board["state"] == "live" for board in boards)
        return boards if live and [board["name"] for board in boards] == [*expected] else None

    return eventually(shown)


def press_watch(page, name):
    selector = f".configurations [aria-label='Watch {name}']"
    page.click(selector)


def fill_in(page, name, tickers):
    page.type("form [name=name]", name)
    page.type("form [name=tickers]", tickers)
    page.click("form .main")


def refused(page, field):
    """Returns what is said at this field, which must be marked and have the focus."""
    shown = page.run(FIELD, field)
    assert shown["invalid"]
    assert shown["focused"]
    return shown["problem"]


def sound(page):
    """Asserts that axe finds nothing in the state that the page is in."""
    page.run(AXE.read_text("utf-8"))
    assert found_by_axe(page) == []
