"""Several tabs share one stream, also when the leading tab goes or hangs.

Without a way to share, each tab opens a stream of its own.
"""

import pytest

from tests.dashboard.scripted import METRICS, item, new_item
from tests.support.waiting import eventually

# Browsers that store nothing for a site say it like this: cookies blocked, or an opaque origin.
DENIED = """
  const denied = () => { throw new DOMException("denied", "SecurityError"); };
  for (const storage of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, storage, { get: denied });
  globalThis.BroadcastChannel = class { constructor() { denied(); } };
"""
ALONE = {
    "not there": "delete Navigator.prototype.locks; delete globalThis.BroadcastChannel;",
    "all denied": DENIED + "LockManager.prototype.request = async () => denied();",
    "locks denied": """
  LockManager.prototype.request = async () => { throw new DOMException('', 'SecurityError'); };""",
}


@pytest.mark.parametrize("why", ALONE)
def test_without_locks_or_channel_each_tab_has_a_stream_of_its_own(dashboard, scripted, why):
    tabs = [dashboard(scripted.url, ALONE[why]) for _ in range(2)]
    for tab in tabs:
        tab.show().wait_for(state="live")

    assert len(scripted.streams) == 2
    for tab, stream in zip(tabs, scripted.streams, strict=True):
        stream.send(new_item("one"), new_item("two"))
        tab.show().wait_for(items=["two", "one"])
        assert tab.run("return document.querySelector('.sign-in').checkVisibility()")
        assert tab.complaints() == []


def test_a_tab_that_joins_is_told_what_there_is_without_asking_the_service(dashboard, scripted):
    scripted.polled = METRICS | {"recent_items": [item("polled")]}
    leader = dashboard(scripted.url)
    leader.wait_for(state="live", items=["polled"])
    scripted.opened().send(new_item("streamed"))
    leader.wait_for_item("streamed")
    follower = dashboard(scripted.url)
    follower.wait_for(state="live", items=["streamed", "polled"])

    assert len(scripted.times_of("/api/v2/metrics")) == 1
    assert len(scripted.times_of("/api/v2/stream")) == 1


def test_a_tab_that_hears_no_more_from_the_leading_one_says_that_it_is_stale(dashboard, scripted):
    leader = dashboard(scripted.url)
    leader.wait_for(state="live")
    follower = dashboard(scripted.url, silenceMs=500)
    follower.wait_for(state="stale", status="Stale")
    scripted.opened().send(new_item("heard"))
    follower.wait_for_item("heard")

    assert len(scripted.streams) == 1  # the leader is alive and has had no facts to send


LATE = {
    "firstRetryMs": 60_000,
    "longestFirstRetryMs": 60_000,
    "longestRetryMs": 60_000,
    "leaderReplyMs": 1_500,
}
TRY_NOW = "document.querySelector('#try-now').click()"


@pytest.fixture
def pair(dashboard, scripted):
    """Opens two tabs on one stream, with two items; the second, which follows, is in front."""
    scripted.polled = METRICS | {"recent_items": [item("polled")]}
    tabs = [dashboard(scripted.url, **LATE) for _ in range(2)]
    for tab in tabs:
        tab.show().wait_for(items=["polled"])
    scripted.opened().send(new_item("one"))
    for tab in tabs:
        tab.show().wait_for(items=["one", "polled"])
    assert len(scripted.streams) == 1
    return tabs


def test_a_leading_tab_that_hangs_is_replaced_on_try_now_and_follows_when_it_comes_to_itself(
    pair, scripted
):
    hung, other = pair
    hung.hang(6, other)
    other.run(TRY_NOW)
    second = scripted.opened(2, within_s=6)
    scripted.opened().send(new_item("two"))  # the hanging tab reads this late
    second.send(new_item("two"), new_item("three"))
    other.wait_for(state="live", items=["three", "two", "one", "polled"])

    assert second.headers["Last-Event-ID"] == "at-one"
    assert scripted.asked_for(
        "/api/v2/stream/connections/connection-0/close"
    )  # by the tab that takes over
    hung.show().wait_for(state="live", items=["three", "two", "one", "polled"])
    eventually(scripted.opened().send_fails)
    second.send(new_item("four"))
    for tab in pair:
        tab.show().wait_for(items=["four", "three", "two", "one", "polled"], state="live")
    assert len(scripted.times_of("/api/v2/stream")) == 2


def test_a_leading_tab_that_answers_is_not_replaced_on_try_now(pair, scripted):
    leader, follower = pair
    scripted.opened().cut()
    follower.wait_for(state="reconnecting")
    follower.click("#try-now")
    scripted.opened(2).send(new_item("two"))
    for tab in pair:
        tab.show().wait_for(items=["two", "one", "polled"], state="live")

    leader.close()
    assert scripted.opened(3).headers["Last-Event-ID"] == "at-two"  # it was still the leader


def test_a_tab_that_hears_nothing_for_long_takes_over(dashboard, scripted):
    leader = dashboard(scripted.url)
    leader.wait_for(state="live")
    scripted.opened().send(new_item("one"))
    leader.wait_for_item("one")
    follower = dashboard(scripted.url, silenceMs=2_000, leaderReplyMs=1_500)
    follower.wait_for_item("one")
    leader.hang(8, follower)

    assert scripted.opened(2, within_s=8).headers["Last-Event-ID"] == "at-one"
    follower.wait_for(state="live")


def test_a_tab_opened_beside_one_that_hangs_is_live_all_the_same(dashboard, scripted):
    hung = dashboard(scripted.url)
    hung.wait_for(state="live")
    hung.hang(6, dashboard(scripted.url + "blank.html"))
    fresh = dashboard(scripted.url, leaderReplyMs=500)

    fresh.wait_for(state="live", within_s=6)
    assert len(scripted.streams) == 2


def test_the_next_tab_in_the_queue_goes_on_where_the_leading_one_was(dashboard, scripted, pair):
    leader, follower = pair
    leader.close()
    second = scripted.opened(2)
    second.send(new_item("two"))
    follower.show().wait_for(state="live", items=["two", "one", "polled"])

    assert second.headers["Last-Event-ID"] == "at-one"
    assert len(scripted.times_of("/api/v2/metrics")) == 1
