"""The page is usable without eyes, without a mouse, on any screen, in light and in dark."""

import itertools

import pytest
from selenium.webdriver import Keys

from tests.dashboard.axe import AXE, found_by_axe
from tests.dashboard.contrasts import CONTRASTS, ENOUGH
from tests.dashboard.keyboard import Keyboard
from tests.dashboard.screens import SIZES, shown_as
from tests.dashboard.scripted import Refusal, item, metrics, new_item
from tests.support.waiting import eventually

AS_IN_STATE = """
for (const each of document.querySelectorAll("[data-state]")) each.dataset.state = arguments[0];
return contrasts();"""
FAINT = (
    "color: #eee",
    "color: color-mix(in srgb, var(--soft) 60%, transparent)",
    "opacity: .5",
    "background: color-mix(in srgb, var(--ink), var(--card) 20%)",
)
STATES = ("live", "reconnecting", "polling", "stale", "offline", "paused", "ended")
LONG = "averylongtagwithoutanyspaceinit" * 2


@pytest.fixture
def full_page(dashboard, scripted):
    """Opens a page whose every part has something to show, long names included."""
    scripted.polled = scripted.polled | {
        "recent_items": [item(str(number)) for number in range(20)]
    }
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    figures = {"total": 1_234_567, "positive": 1_000_000, "neutral": 234_000, "negative": 567}
    figures |= {"rate_last_hour": 51_440, "rate_last_24h": 1_234_567}
    scripted.opened().send(
        metrics(by_tag={LONG: 9, "b": 4}, **figures), new_item("long", tags=[LONG, LONG])
    )
    page.wait_for_item("long")
    eventually(lambda: page.number("total") == 1_234_567)
    return page


STILL = {"prefers_reduced_motion": "reduce"}  # no colour is between two others


def too_faint(page, state):
    """Returns the texts that are hard to read in this state of the stream."""
    texts = page.run(AS_IN_STATE, state)
    assert len(texts) > 60
    return [text for text in texts if text["ratio"] < ENOUGH]


@pytest.fixture
def panel(dashboard, service):
    """Opens the page with a configuration that is watched."""
    page = dashboard(service.base_url)
    page.create_configuration(LONG)
    page.wait_for(watch="live")
    service.put(ticker="AAPL")
    eventually(lambda: page.now["watchItems"])
    return page


def test_axe_finds_nothing_on_any_screen(full_page):
    full_page.run(AXE.read_text("utf-8"))
    for size in SIZES:
        with shown_as(full_page, size):
            assert found_by_axe(full_page) == [], size


def test_axe_finds_nothing_in_the_panel(panel):
    panel.run(AXE.read_text("utf-8"))

    assert found_by_axe(panel) == []


def test_axe_is_not_blind(full_page):
    full_page.run(AXE.read_text("utf-8"))
    full_page.run(
        "document.querySelector('.newest').append(new Image(), document.createElement('button'))"
    )

    assert {finding["id"] for finding in found_by_axe(full_page)} == {"image-alt", "button-name"}


def test_every_text_can_be_read_in_every_state(panel):
    panel.run(CONTRASTS)
    for size, scheme in itertools.product(("desk", "phone"), ("light", "dark")):
        with shown_as(panel, size, scheme, **STILL):
            assert {state: faint for state in STATES if (faint := too_faint(panel, state))} == {}, (
                size,
                scheme,
            )


def test_faint_text_is_noticed(full_page):
    full_page.run(CONTRASTS)
    with shown_as(full_page, "desk", **STILL):
        for faint in FAINT:
            full_page.run(
                "document.querySelector('.rate-card .legend').style.cssText = arguments[0]", faint
            )
            noticed = {text["words"] for text in too_faint(full_page, "live")}
            legend = {"positive", "neutral", "negative", "mean score, 0 to 1", "not known"}
            assert noticed == legend, faint


def test_nothing_is_wider_than_the_screen(full_page):
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for size, (width, _) in SIZES.items():
        with shown_as(full_page, size):
            assert full_page.run(wide) == 0, size
            assert full_page.run("return innerWidth") == width


CLIPPED = """
const bottom = (element) => element.getBoundingClientRect().bottom;
const scrolls = (element) => getComputedStyle(element).overflowY === "auto";
return [...document.querySelectorAll("main .card")].flatMap((card) => {
  const lists = [...card.querySelectorAll("ol, ul")].filter((list) => list.checkVisibility());
  const last = lists.map((list) => scrolls(list) ? list : list.lastElementChild);
  const cut = scrolls(card) ? [] : [...last, card.lastElementChild].filter(Boolean);
  return cut
    .filter((each) => each.checkVisibility() && bottom(each) > bottom(card))
    .map((each) => each.className);
});"""


def test_what_does_not_fit_into_its_card_can_be_scrolled(full_page, scripted):
    scripted.opened().send(metrics(by_tag={f"tag-{number}": number + 1 for number in range(30)}))
    eventually(lambda: full_page.run("return document.querySelectorAll('.tags li').length") == 10)
    for size in SIZES:
        with shown_as(full_page, size):
            assert full_page.run(CLIPPED) == [], size
            assert full_page.run("return document.querySelector('.series').clientHeight") > 80, size


def test_one_polite_region_tells_changes_of_the_connection_and_nothing_else(full_page, scripted):
    full_page.run("""
      window.told = [];
      for (const region of document.querySelectorAll("[role=status], [aria-live]")) {
        const tell = () => told.push(region.textContent);
        const everything = { childList: true, characterData: true, subtree: true };
        new MutationObserver(tell).observe(region, everything);
      }""")
    figures = metrics(total=99, positive=97, rate_last_24h=99)
    scripted.opened().send(*(new_item(f"more-{number}") for number in range(30)), figures)
    full_page.wait_for_item("more-29")
    eventually(lambda: full_page.number("total") == 99)
    assert full_page.run("return told") == []
    scripted.opened().cut()
    scripted.opened(2)
    full_page.wait_for(status="Connected")

    assert full_page.run("return told") == ["Reconnecting", "Connected"]
    assert (
        full_page.run("return document.querySelectorAll('[role=status], [aria-live]').length") == 1
    )


def test_the_first_tab_skips_to_the_figures(full_page):
    keyboard = Keyboard(full_page)
    keyboard.tab_to("Skip to the figures", most=1)
    keyboard.press(Keys.ENTER)

    assert full_page.run("return document.activeElement.id") == "figures"


def test_try_now_stays_as_long_as_it_has_the_focus(dashboard, scripted):
    scripted.refusal = Refusal(503, {"Retry-After": "60"})
    page = dashboard(scripted.url)
    keyboard = Keyboard(page)
    page.wait_for(state="polling")
    keyboard.tab_to("Try now")
    scripted.refusal = None
    keyboard.press(Keys.ENTER)
    page.wait_for(state="live")
    eventually(lambda: page.number("open_streams") == 1)
    keyboard.lands_on("Try now")
    keyboard.tab_to("Start a session")

    eventually(lambda: page.run("return document.querySelector('#try-now').hidden"))


def test_reduced_motion_means_none(full_page):
    with shown_as(full_page, "desk"):
        assert full_page.run("return document.getAnimations().length") > 0
    with shown_as(full_page, "desk", prefers_reduced_motion="reduce"):
        assert full_page.run("return document.getAnimations().length") == 0
