"""A time of which the page has not heard is a gap, and neither zero nor new; a replay fills it."""

import re

import pytest

from tests.dashboard.fixed import FixedPage, advance, moment
from tests.dashboard.recounted import minute_of, moments
from tests.dashboard.told import EDGES, EVENING, MINUTE, agrees, columns, fields
from tests.support.waiting import eventually

PROMPT = {
    "firstRetryMs": 100,
    "longestFirstRetryMs": 100,
    "longestRetryMs": 200,
    "longestServerDelayMs": 200,
    "pollMs": 200,
}
# These change as time passes, whether or not anything is known.
CHANGING = {"age", "open_streams", "a_minute", "strip_words", "freshness"}
UNKNOWN = "return document.querySelector('.figures .unknown').innerText || null"
HIDE = """
Object.defineProperty(document, "hidden", { configurable: true, get: () => arguments[0] });
document.dispatchEvent(new Event("visibilitychange"));"""
MISSED = (170.0, 165.0, 110.0, 100.0, 90.0, 50.0, 40.0, 4.0, 0.5)


def open_page(dashboard, fixed, query="", **timings):
    fixed.publish_ago(*EDGES, *(ago * 37.0 for ago in range(40, 0, -1)))
    page = FixedPage(dashboard, fixed, query, **PROMPT | timings)
    page.wait_for(state="live")
    return page


def frozen(page):
    """Returns the figures that must not change while nothing is heard."""
    return {name: text for name, text in fields(page).items() if name not in CHANGING}


def miss(fixed, *pages, seconds=180):
    """Lets time pass, in which items are published that the pages do not hear of."""
    advance(fixed, *pages, seconds=seconds)
    fixed.publish_ago(*MISSED)


def check_unknown(page, fixed, cut_s, before):
    """Judges a page that has heard nothing since `cut_s`."""
    words = eventually(lambda: page.run(UNKNOWN))
    [since_s] = moments(words, fixed.clock(), page.zone)
    assert minute_of(since_s) == minute_of(cut_s), words
    assert frozen(page) == before
    body = page.run("return document.body.innerText")
    assert not re.search(r"(?<![\d,.])0 this minute|nothing since|just now", body)
    read = columns(page)
    cut = minute_of(cut_s)
    assert [minute for minute, _, counts in read if counts is None and minute > cut] == list(
        range(max(cut + 1, read[0][0]), read[-1][0] + 1)
    )
    assert all(counts is not None for minute, _, counts in read if minute <= cut)
    assert all(counts["part"] for minute, _, counts in read if minute == cut)
    shown = fields(page)
    assert all(at <= cut_s for at in moments(shown["a_minute"], fixed.clock(), page.zone))
    assert "known" in shown["strip_words"]
    assert "newest known item" in shown["freshness"]


def check_gap_is_filled(page, fixed):
    page.wait_for(state="live")
    agrees(page, fixed)
    assert page.run(UNKNOWN) is None


def test_cut_for_three_minutes(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    page = open_page(dashboard, fixed)
    agrees(page, fixed)
    before = frozen(page)
    cut_s = fixed.clock()
    fixed.cut()
    eventually(lambda: page.now["state"] != "live")
    miss(fixed, page)
    check_unknown(page, fixed, cut_s, before)
    fixed.restore()

    check_gap_is_filled(page, fixed)


@pytest.mark.parametrize(
    ("start", "seconds"),
    [("2026-11-25T23:58:30", 240), ("2026-11-01T01:58:30", 240), ("2026-11-25T22:19:05", 7300)],
    ids=["over midnight", "over the hour that comes twice", "longer than the chart"],
)
def test_cut_for_long_or_over_an_edge(dashboard, fixed_at, start, seconds):
    fixed = fixed_at(moment(start))
    page = open_page(dashboard, fixed)
    agrees(page, fixed)
    before = frozen(page)
    cut_s = fixed.clock()
    fixed.cut()
    eventually(lambda: page.now["state"] != "live")
    before |= {name: text for name, text in frozen(page).items() if "since" in name}
    miss(fixed, page, seconds=seconds)
    words = eventually(lambda: page.run(UNKNOWN))
    assert moments(words, fixed.clock(), page.zone) == [pytest.approx(cut_s, abs=MINUTE)]
    kept = {name: text for name, text in before.items() if "since" not in name}
    assert {name: text for name, text in frozen(page).items() if name in kept} == kept
    fixed.restore()

    check_gap_is_filled(page, fixed)


def test_polls_that_fail(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    fixed.refusing = True
    fixed.publish_ago(*EDGES, *(ago * 37.0 for ago in range(40, 0, -1)))
    page = FixedPage(dashboard, fixed, **PROMPT)
    page.wait_for(state="polling")
    agrees(page, fixed)
    before = frozen(page)
    cut_s = fixed.clock()
    fixed.cut()
    page.wait_for(state="offline")
    miss(fixed, page)
    check_unknown(page, fixed, cut_s, before)
    fixed.restore()
    page.wait_for(state="polling")

    agrees(page, fixed)
    assert page.run(UNKNOWN) is None


def test_a_hidden_tab_that_comes_back(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    page = open_page(dashboard, fixed, hiddenMs=100)
    agrees(page, fixed)
    before = frozen(page)
    page.run(HIDE, True)
    page.wait_for(state="paused")
    cut_s = fixed.clock()
    fixed.cut()
    miss(fixed, page)
    page.run(HIDE, False)
    check_unknown(page, fixed, cut_s, before)
    fixed.restore()

    check_gap_is_filled(page, fixed)


def test_a_tab_that_follows_another(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    leader = open_page(dashboard, fixed)
    follower = FixedPage(dashboard, fixed, **PROMPT)
    follower.show().wait_for(state="live")
    agrees(follower, fixed)
    assert len(fixed.streams) == 1
    before = frozen(follower)
    cut_s = fixed.clock()
    fixed.cut()
    eventually(lambda: follower.now["state"] != "live")
    miss(fixed, leader, follower)
    follower.show()
    check_unknown(follower, fixed, cut_s, before)
    fixed.restore()

    check_gap_is_filled(follower, fixed)
    leader.show()
    check_gap_is_filled(leader, fixed)


def test_a_stream_that_carries_only_comments(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    page = open_page(dashboard, fixed, quietMs=300)
    agrees(page, fixed)
    before = frozen(page)
    cut_s = fixed.clock()
    fixed.failing = True
    page.wait_for(state="stale")
    miss(fixed, page)
    check_unknown(page, fixed, cut_s, before)
    fixed.failing = False

    check_gap_is_filled(page, fixed)


def test_a_stream_that_is_dead_without_a_sign(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    page = open_page(dashboard, fixed)
    agrees(page, fixed)
    before = frozen(page)
    cut_s = fixed.clock()
    fixed.silent = True
    miss(fixed, page)
    page.wait_for(state="stale")
    check_unknown(page, fixed, cut_s, before)
    fixed.silent = False
    fixed.cut()
    fixed.restore()

    check_gap_is_filled(page, fixed)


def test_a_reset_after_the_cut(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    page = open_page(dashboard, fixed)
    agrees(page, fixed)
    fixed.cut()
    eventually(lambda: page.now["state"] != "live")
    miss(fixed, page)
    fixed.forgetting = True
    fixed.restore()

    check_gap_is_filled(page, fixed)


def test_loaded_while_the_service_is_away(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    page = open_page(dashboard, fixed)
    agrees(page, fixed)
    fixed.api_away = True
    fixed.cut()
    fixed.restore()
    miss(fixed, page)
    page.go()
    eventually(lambda: page.now["state"] in ("offline", "reconnecting"))
    shown = fields(page)
    assert not [text for name, text in shown.items() if re.search(r"\d", text)], shown
    body = page.run("return document.body.innerText")
    assert not re.search(r"(?<![\d,.])0 this minute|no items|nothing since", body, re.IGNORECASE)
    assert all(counts is None for _, _, counts in columns(page))
    fixed.api_away = False

    check_gap_is_filled(page, fixed)


def test_cut_while_one_ticker_is_shown(dashboard, fixed_at):
    fixed = fixed_at(EVENING)
    page = open_page(dashboard, fixed, "?ticker=NVDA")
    agrees(page, fixed, ticker="NVDA")
    before = frozen(page)
    cut_s = fixed.clock()
    fixed.cut()
    eventually(lambda: page.now["state"] != "live")
    miss(fixed, page)
    check_unknown(page, fixed, cut_s, before)
    fixed.restore()
    page.wait_for(state="live")

    agrees(page, fixed, ticker="NVDA")
