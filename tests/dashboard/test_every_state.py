"""In whatever state the page is, axe finds nothing in it, its texts can be read and its controls
are large enough to be touched.
"""

import pytest

from tests.dashboard.axe import AXE, found_by_axe
from tests.dashboard.contrasts import CONTRASTS, ENOUGH
from tests.dashboard.screens import SIZES, shown_as
from tests.dashboard.scripted import Refusal, metrics, new_item
from tests.dashboard.scripted_panel import ScriptedPanel
from tests.support.waiting import eventually

TOO_SMALL = """
const large = ({ width, height }) => width >= 24 && height >= 24;
return [...document.querySelectorAll("button, input, select, a, summary, [tabindex='0']")]
  .filter((each) => each.checkVisibility() && !each.matches("p a, .skip"))
  .filter((each) => !large(each.getBoundingClientRect()))
  .map((each) => each.outerHTML.slice(0, 80));"""
STILL = {"prefers_reduced_motion": "reduce"}
WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


def connecting(scripted, opened):
    scripted.mute = True
    opened().wait_for(status="Connecting")


def live(scripted, opened):
    page = opened()
    page.wait_for(state="live")
    scripted.opened().send(*(new_item(f"n{number}", tags=["a", "b"]) for number in range(20)))
    page.wait_for_item("n19")


def reconnecting(scripted, opened):
    page = opened()
    page.wait_for(state="live")
    scripted.mute = True
    scripted.opened().cut()
    page.wait_for(status="Reconnecting")


def polling(scripted, opened):
    scripted.refusal = Refusal(503, {"Retry-After": "60"})
    opened().wait_for(state="polling")


def stale(scripted, opened):
    opened(silenceMs=500).wait_for(state="stale")


def offline(scripted, opened):
    scripted.refusal = Refusal(503, {"Retry-After": "60"})
    scripted.polled = None
    opened().wait_for(state="offline", within_s=15)


def paused(scripted, opened):
    page = opened()
    page.wait_for(state="live")
    page.run("dispatchEvent(new PageTransitionEvent('pagehide'))")
    page.wait_for(state="paused")


def empty(scripted, opened):
    zeros = dict.fromkeys(
        ("total", "positive", "neutral", "negative", "rate_last_hour", "rate_last_24h"), 0
    )
    scripted.polled = zeros | {"by_tag": {}, "recent_items": []}
    scripted.beginning = metrics(**zeros, by_tag={})
    page = opened()
    page.wait_for(state="live")
    eventually(lambda: page.number("total") == 0)


def held(scripted, opened):
    live(scripted, opened)
    page = opened.page
    page.click(".hold")
    scripted.opened().send(new_item("later"))
    eventually(lambda: page.run("return document.querySelector('.show-new').checkVisibility()"))


def filtered(scripted, opened):
    page = opened(query="?ticker=NVDA&sentiment=negative")
    page.wait_for(state="live")
    eventually(lambda: page.run("return document.querySelector('.clear-filter').checkVisibility()"))


def boards(scripted, opened):
    page = opened()
    page.create_configuration("One", "AAPL")
    page.wait_for(watch="live")
    page.create_configuration("Two", "NVDA TSLA AMD")
    eventually(
        lambda: page.run("return document.querySelectorAll('.configuration-view').length") == 2
    )
    scripted.of("c0").send(new_item("watched"))
    eventually(lambda: page.now["watchItems"])


def mistaken(scripted, opened):
    page = opened()
    page.create_configuration("One", "AAPL TOOLONG")
    eventually(lambda: page.run("return document.querySelectorAll('[aria-invalid=true]').length"))


def gone(scripted, opened):
    page = opened()
    page.create_configuration("One", "AAPL")
    page.wait_for(watch="live")
    scripted.configurations.clear()
    scripted.of("c0").cut()
    page.wait_for(watch=None)
    assert page.now["notice"]


REACHED = (connecting, live, reconnecting, polling, stale, offline, paused, empty, held, filtered)
REACHED_IN_PANEL = (boards, mistaken, gone)


@pytest.fixture
def scripted():
    server = ScriptedPanel()
    yield server
    server.close()


@pytest.fixture(params=REACHED + REACHED_IN_PANEL, ids=lambda reach: reach.__name__)
def page(request, dashboard, scripted):
    """Yields a page that is in one of its states."""

    def opened(query="", **timings):
        opened.page = dashboard(scripted.url + query, **timings)
        return opened.page

    request.param(scripted, opened)
    return opened.page


def test_axe_finds_nothing(page):
    page.run(AXE.read_text("utf-8"))
    assert found_by_axe(page) == []
    page.run("document.documentElement.dir = 'rtl'")
    assert found_by_axe(page) == []


def test_every_text_can_be_read(page):
    page.run(CONTRASTS)
    for scheme in ("light", "dark"):
        for features in ({}, {"forced_colors": "active"}, {"prefers_contrast": "more"}):
            with shown_as(page, "desk", scheme, **STILL, **features):
                texts = page.run("return contrasts()")
                assert len(texts) > 40
                assert [text for text in texts if text["ratio"] < ENOUGH] == [], (scheme, features)


def test_every_control_is_large_enough_and_nothing_is_wider_than_the_screen(page):
    for size in SIZES:
        with shown_as(page, size, **STILL):
            assert page.run(TOO_SMALL) == [], size
            assert page.run(WIDE) == 0, size
