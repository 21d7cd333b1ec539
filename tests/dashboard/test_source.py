"""The dashboard follows a stream whose every byte is in the test, through every kind of end."""

import re

import event_stream
import pytest

from tests.dashboard.scripted import END, METRICS, Refusal, heartbeat, item, metrics, new_item
from tests.support.waiting import eventually

QUICK = {"pollMs": 100, "firstRetryMs": 50, "longestRetryMs": 200, "longestFirstRetryMs": 50}


def test_it_asks_for_an_event_stream_and_takes_up_where_the_last_event_was(dashboard, scripted):
    page = dashboard(scripted.url, **QUICK)
    scripted.opened().send(new_item("one"), new_item("two"))
    page.wait_for_item("two")
    scripted.opened().cut()
    second = scripted.opened(2)
    second.send(new_item("three"))
    page.wait_for_item("three")

    assert scripted.streams[0].headers["Accept"] == "text/event-stream"
    assert "Last-Event-ID" not in scripted.streams[0].headers
    assert second.headers["Last-Event-ID"] == "at-two"
    assert page.now["items"] == ["three", "two", "one"]


def test_an_event_cut_short_is_dropped_and_asked_for_again(dashboard, scripted):
    page = dashboard(scripted.url, **QUICK)
    scripted.opened().send(new_item("whole"), new_item("half")[:-1])
    page.wait_for_item("whole")
    scripted.opened().cut()

    assert scripted.opened(2).headers["Last-Event-ID"] == "at-whole"
    assert page.wait_for(state="live")["items"] == ["whole"]


def test_bytes_may_come_one_by_one_with_a_bom_and_any_line_end(dashboard, scripted):
    scripted.beginning = b"\xef\xbb\xbf:hello\r\r"
    page = dashboard(scripted.url, **QUICK)
    body = (metrics() + new_item("one")).replace(b"\n", b"\r\n") + new_item("two").replace(
        b"\n", b"\r"
    )
    scripted.opened().send(*(body[at : at + 1] for at in range(len(body))))

    page.wait_for_item("two")
    assert page.now["items"] == ["two", "one"]


def test_an_item_that_comes_again_is_shown_once(dashboard, scripted):
    scripted.polled = METRICS | {"recent_items": [item("b"), item("a")]}
    page = dashboard(scripted.url, **QUICK)
    page.wait_for_item("a")
    scripted.opened().send(new_item("c"), new_item("b"), new_item("c"), new_item("d"))
    page.wait_for_item("d")

    assert page.now["items"] == [
        "d",
        "b",
        "c",
        "a",
    ]  # b, which was polled, moves to its place in the stream


def test_what_was_polled_is_put_in_order_when_the_stream_replays_it(dashboard, scripted):
    page = dashboard(scripted.url, **QUICK)
    scripted.opened().send(new_item("1"))
    page.wait_for_item("1")
    scripted.refusal = Refusal(503, {"Retry-After": "1"})
    scripted.polled = METRICS | {"recent_items": [item("4"), item("3"), item("1")]}
    scripted.opened().cut()
    page.wait_for(state="polling", items=["4", "3", "1"])
    scripted.beginning = metrics() + new_item("2") + new_item("3") + new_item("4")
    scripted.refusal = None

    assert page.wait_for(state="live", items=["4", "3", "2", "1"])


def test_it_waits_as_long_as_retry_after_says(dashboard, scripted):
    scripted.refusal = Refusal(429, {"Retry-After": "1"})
    page = dashboard(scripted.url, **QUICK)
    page.wait_for(state="polling")
    scripted.refusal = None
    page.wait_for(state="live")

    refused_at, opened_at = scripted.times_of("/api/v2/stream")
    assert opened_at - refused_at > 0.95


def test_an_announced_end_is_followed_by_the_time_that_the_server_gave_and_the_page_stays_connected(
    dashboard, scripted
):
    page = dashboard(scripted.url, firstRetryMs=1, renewalMs=60_000)
    page.wait_for(state="live")
    scripted.opened().end(retry_ms=700)
    scripted.opened(2).send(new_item("renewed"))
    page.wait_for_item("renewed")

    first, second = scripted.times_of("/api/v2/stream")
    assert second - first > 0.65
    assert page.states_seen == ["live"]
    assert scripted.asked_for("/api/v2/stream/connections/") == []


def test_a_stream_that_is_not_renewed_soon_is_missed(dashboard, scripted):
    page = dashboard(scripted.url, firstRetryMs=1, renewalMs=300)
    page.wait_for(state="live")
    scripted.opened().end(retry_ms=60_000)

    assert "next attempt in" in page.wait_for(state="reconnecting", status="Reconnecting")["detail"]


@pytest.mark.parametrize("by", ["Retry-After", "retry"])
def test_a_pause_longer_than_any_timer_is_cut_to_five_minutes(dashboard, scripted, by):
    if by == "retry":
        page = dashboard(scripted.url, firstRetryMs=1, renewalMs=0, pollMs=100)
        page.wait_for(state="live")
        scripted.opened().send(b"retry: 3000000000\n\n", END)
        page.wait_for(state="reconnecting")
    else:
        scripted.refusal = Refusal(503, {"Retry-After": "3000000"})
        page = dashboard(scripted.url, pollMs=100)
        page.wait_for(state="polling")
        eventually(lambda: len(scripted.asked_for("/api/v2/metrics")) > 5)
    seconds = eventually(
        lambda: re.search(r"next attempt (?:to stream )?in (\d+) s", page.now["detail"])
    )

    assert 200 < int(seconds[1]) <= 301
    assert len(scripted.times_of("/api/v2/stream")) == 1


def test_pauses_grow_until_a_stream_was_healthy_for_long(dashboard, scripted):
    page = dashboard(scripted.url, pollMs=60_000)
    delays = """
      const [done] = arguments;
      import("/static/backoff.js").then(({ Backoff }) => {
        const timings = {
          healthyMs: 30_000,
          firstRetryMs: 1_000,
          longestFirstRetryMs: 6_000,
          longestRetryMs: 30_000,
          longestServerDelayMs: 300_000,
        };
        const after = (random, ends) => {
          const backoff = new Backoff(timings, () => random);
          return ends.map((end) => backoff.after({ retryAfterMs: null, ...end }));
        };
        const short = { livedMs: 29_999, retryMs: 1_000 };
        const long = { ...short, livedMs: 30_000 };
        const silent = { livedMs: 0, retryMs: null };
        const announced = { livedMs: 9_000, retryMs: 300, announced: true };
        done({
          grows: after(1, [short, short, short, short, short, short, short]),
          jitter: after(0.5, [short, short, short]),
          reset: after(1, [short, short, long, short]),
          server: after(1, [{ livedMs: 9, retryMs: 4_000 }, silent]),
          promised: after(1, [{ livedMs: 9, retryMs: 60_000 }]),
          told: after(1, [{ ...silent, retryAfterMs: 7_000 }]),
          announced: after(1, [announced, short]),
        });
      });"""

    assert page.run_async(delays) == {
        "grows": [1000, 2000, 4000, 8000, 16000, 30000, 30000],
        "jitter": [500, 1000, 2000],
        "reset": [1000, 2000, 1000, 2000],
        "server": [4000, 8000],
        "promised": [6000],
        "told": [8000],
        "announced": [300, 1000],
    }


def test_silence_is_called_stale_and_ends_in_a_new_stream_and_comments_do_not_count(
    dashboard, scripted
):
    page = dashboard(scripted.url, **QUICK | {"silenceMs": 800})
    page.wait_for(state="live")
    first = scripted.opened()

    def comment_until_it_leaves():
        first.send(event_stream.comment("waiting"))
        return first.left.wait(0.1)

    eventually(comment_until_it_leaves)
    second = scripted.opened(2)
    page.wait_for(state="live")

    assert page.states_seen[:3] == ["live", "stale", "live"]
    assert second.opened_at - first.opened_at > 0.75
    assert second.headers["Last-Event-ID"] == "h"
    assert scripted.asked_for("/api/v2/stream/connections/connection-0/close")


def test_a_countdown_says_when_the_next_attempt_comes_and_a_button_makes_it_now(
    dashboard, scripted
):
    page = dashboard(
        scripted.url, firstRetryMs=60_000, longestFirstRetryMs=60_000, longestRetryMs=60_000
    )
    page.wait_for(state="live")
    scripted.opened().cut()
    page.wait_for(state="reconnecting", status="Reconnecting")
    eventually(lambda: "next attempt in" in page.now["detail"])
    first = page.now["detail"]
    eventually(lambda: "next attempt in" in page.now["detail"] and page.now["detail"] != first)
    page.click("#try-now")

    page.wait_for(state="live", status="Connected")


def test_a_reset_starts_again_from_the_current_state(dashboard, scripted):
    page = dashboard(scripted.url, **QUICK)
    scripted.opened().send(new_item("old"))
    page.wait_for_item("old")
    scripted.polled = METRICS | {"recent_items": [item("current")]}
    reset = event_stream.encode(
        '{"reason":"rebuilt","timestamp":"2026-11-22T09:00:00Z"}', event="reset", id="r"
    )
    scripted.opened().send(reset, metrics(total=1), heartbeat())

    page.wait_for(items=["current"], state="live")


HIDE = """
  Object.defineProperty(document, "hidden", { configurable: true, get: () => arguments[0] });
  document.dispatchEvent(new Event("visibilitychange"));"""


def test_a_tab_that_nobody_sees_gives_its_stream_back_and_resumes_where_it_was(dashboard, scripted):
    page = dashboard(scripted.url, **QUICK | {"hiddenMs": 100})
    scripted.opened().send(new_item("one"))
    page.wait_for_item("one")
    page.run(HIDE, True)
    eventually(lambda: scripted.asked_for("/api/v2/stream/connections/connection-0/close"), 5)
    page.wait_for(state="paused", status="Paused")
    page.run(HIDE, False)

    assert scripted.opened(2).headers["Last-Event-ID"] == "at-one"
    page.wait_for(state="live")


def test_a_tab_that_nobody_sees_says_in_its_title_and_icon_how_the_stream_stands(
    dashboard, scripted
):
    page = dashboard(scripted.url, **QUICK | {"hiddenMs": 100})
    page.wait_for(state="live")
    icon = "return document.querySelector('link[rel=icon]').href"
    eventually(lambda: page.run("return document.title").startswith("Connected"))
    live = page.run(icon)
    page.run("requestAnimationFrame = () => 0")  # as in a tab in the background
    page.run(HIDE, True)

    eventually(lambda: page.run("return document.title").startswith("Paused"))
    assert page.run(icon) != live


def test_a_goodbye_that_got_lost_is_said_again_with_the_next_stream(dashboard, scripted):
    scripted.posted = 500
    page = dashboard(scripted.url, **QUICK | {"hiddenMs": 1})
    page.wait_for(state="live")
    page.run(HIDE, True)
    goodbye = "/api/v2/stream/connections/connection-0/close"
    eventually(lambda: scripted.asked_for(goodbye))
    scripted.posted = 204
    page.run(HIDE, False)
    page.wait_for(state="live")

    eventually(lambda: len(scripted.asked_for(goodbye)) == 2)


@pytest.mark.parametrize("leave", ["close", "too late", "navigate"])
def test_a_stream_without_a_response_yet_is_said_goodbye_to_by_its_key(dashboard, scripted, leave):
    scripted.mute = True
    page = dashboard(
        scripted.url, openMs=300 if leave == "too late" else 60_000, firstRetryMs=60_000
    )
    asked = eventually(
        lambda: [headers for path, headers, _ in scripted.requests if path == "/api/v2/stream"]
    )
    key = asked[0]["X-Connection-Key"]
    if leave == "close":
        page.close()
    elif leave == "navigate":
        page.driver.get("about:blank")

    assert re.fullmatch("[A-Za-z0-9_-]{22}", key)
    eventually(lambda: scripted.asked_for(f"/api/v2/stream/connections/{key}/close"))


def test_each_attempt_has_a_key_of_its_own_and_a_refused_one_needs_no_goodbye(dashboard, scripted):
    scripted.refusal = Refusal(503)
    dashboard(scripted.url, **QUICK)
    eventually(lambda: len(scripted.times_of("/api/v2/stream")) >= 3)

    keys = [
        headers["X-Connection-Key"]
        for path, headers, _ in list(scripted.requests)
        if path == "/api/v2/stream"
    ]
    assert len(keys) == len(set(keys))
    assert scripted.asked_for("/api/v2/stream/connections/") == []


def test_what_was_there_before_is_polled_for_until_there_is_a_response(dashboard, scripted):
    scripted.polled = None
    page = dashboard(scripted.url, **QUICK)
    page.wait_for(state="live")
    eventually(lambda: len(scripted.times_of("/api/v2/metrics")) >= 2)
    scripted.polled = METRICS | {"recent_items": [item("before")]}

    page.wait_for(items=["before"], state="live")


def test_polls_that_fail_come_less_and_less_often(dashboard, scripted):
    scripted.polled = None
    scripted.refusal = Refusal(503, {"Retry-After": "60"})
    dashboard(scripted.url, pollMs=50)
    eventually(lambda: len(scripted.times_of("/api/v2/metrics")) >= 6)
    times = scripted.times_of("/api/v2/metrics")[-5:]

    assert times[-1] - times[-2] > 0.6  # 50 ms doubled four times, and a fifth less at most


def test_how_many_are_connected_is_not_known_while_polling(dashboard, scripted):
    page = dashboard(scripted.url, **QUICK)
    page.wait_for(state="live")
    eventually(lambda: page.now["fields"]["open_streams"] == "1")
    scripted.refusal = Refusal(503, {"Retry-After": "60"})
    scripted.opened().cut()

    assert page.wait_for(state="polling")["fields"]["open_streams"] == "\N{EN DASH}"


def test_without_network_it_is_offline_and_wakes_up_with_it(dashboard, scripted):
    page = dashboard(scripted.url, **QUICK | {"longestRetryMs": 60_000, "firstRetryMs": 60_000})
    page.wait_for(state="live")
    page.cdp("Network.enable")
    conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.cdp("Network.emulateNetworkConditions", offline=True, **conditions)
    page.wait_for(state="offline", status="Disconnected")
    page.cdp("Network.emulateNetworkConditions", offline=False, **conditions)

    page.wait_for(state="live", status="Connected", within_s=5)


def test_a_bursts_thousand_items_are_drawn_in_a_few_frames_and_the_list_stays_short(
    dashboard, scripted
):
    page = dashboard(scripted.url, **QUICK).moving()
    page.wait_for(state="live")
    page.run("""
      window.draws = 0;
      const count = (records) => {
        if (records.some(({ addedNodes }) => addedNodes.length)) draws += 1;
      };
      const list = document.querySelector(".newest .items");
      new MutationObserver(count).observe(list, { childList: true });""")
    scripted.opened().send(b"".join(new_item(f"burst-{number}") for number in range(1000)))
    page.wait_for_item("burst-999")

    assert page.run("return draws") <= 20
    assert page.now["items"] == [f"burst-{number}" for number in range(999, 949, -1)]


@pytest.mark.parametrize("ending", [END, "cut"])
def test_an_end_that_nobody_announced_is_told_to_the_server_in_case_it_lives_on(
    dashboard, scripted, ending
):
    page = dashboard(scripted.url, **QUICK)
    page.wait_for(state="live")
    scripted.opened().cut() if ending == "cut" else scripted.opened().send(END)
    scripted.opened(2)

    eventually(lambda: scripted.asked_for("/api/v2/stream/connections/connection-0/close"))


@pytest.mark.parametrize(("total", "polls"), [(3, 1), (4, 2)], ids=["none", "one"])
def test_an_item_between_the_first_poll_and_the_start_of_the_stream_is_polled_for(
    dashboard, scripted, total, polls
):
    scripted.beginning = event_stream.comment_line("not yet")
    scripted.polled = METRICS | {"recent_items": [item("old")]}
    page = dashboard(scripted.url)
    page.wait_for_item("old")
    more = {"total": 4, "positive": 2, "recent_items": [item("between"), item("old")]}
    scripted.polled = METRICS | more
    scripted.opened().send(metrics(total=total, positive=total - 2))

    page.wait_for(state="live", items=["between", "old"][2 - polls :])
    assert len(scripted.times_of("/api/v2/metrics")) == polls


def test_a_response_that_comes_after_the_start_of_the_stream_but_is_older_is_asked_for_again(
    dashboard, scripted
):
    scripted.may_respond.clear()
    scripted.beginning = metrics(total=4, positive=2)
    scripted.polled = METRICS | {"recent_items": [item("old")]}
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    eventually(lambda: scripted.times_of("/api/v2/metrics"))
    more = {"total": 4, "positive": 2, "recent_items": [item("between"), item("old")]}
    scripted.polled = METRICS | more
    scripted.may_respond.set()

    page.wait_for(items=["between", "old"])
