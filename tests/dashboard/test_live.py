"""The dashboard on the whole service says Connected only while it is."""

import json
import time

import pytest

from tests.support.waiting import eventually

PROMPT = {"pollMs": 300, "firstRetryMs": 300, "longestRetryMs": 1000, "longestFirstRetryMs": 600}


def open_streams(service):
    return service.call("GET", "/api/v2/stream/status").json()["connections"]


@pytest.fixture
def quiet(service):
    """Yields the service once the streams of earlier tests have ended."""
    eventually(lambda: open_streams(service) == 0, 30)
    return service


def test_connected_within_five_seconds_and_a_written_item_is_on_the_screen_within_five(
    dashboard, service
):
    warm = service.stream()  # cold starts are timed by another test
    warm.wait_for("heartbeat")
    service.put()
    warm.wait_for("new_item", within_s=20)
    service.say_goodbye_to_all()
    page = dashboard(service.base_url).moving()
    page.wait_for(state="live", status="Connected", within_s=5)
    written_at = time.monotonic()
    written = service.put(tags=["earnings"])
    page.wait_for_item(written)

    assert time.monotonic() - written_at < 5
    eventually(
        lambda: page.number("total") == service.call("GET", "/api/v2/metrics").json()["total"]
    )
    told = service.call("GET", "/api/v2/metrics").json()
    names = ("total", "positive", "neutral", "negative", "rate_last_hour")
    assert {name: page.number(name) for name in names} == {name: told[name] for name in names}
    assert page.number("open_streams") == open_streams(service)
    assert page.complaints() == []


def test_what_was_there_before_is_shown_at_once_newest_first(dashboard, service):
    written = [service.put() for _ in range(3)]
    eventually(lambda: written[-1] in json.dumps(service.call("GET", "/api/v2/metrics").json()))
    page = dashboard(service.base_url)
    page.wait_for_item(written[-1])

    told = service.call("GET", "/api/v2/metrics").json()["recent_items"]
    assert page.now["items"] == [item["item_id"] for item in told]


def test_it_works_under_a_path_prefix(dashboard, service):
    page = dashboard(f"{service.base_url}/dev/")
    page.wait_for(state="live", status="Connected")
    written = service.put()
    page.wait_for_item(written)

    fetched = page.run(
        "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"
    )
    assert {path for path in fetched if not path.startswith("/dev/")} == set()
    assert page.complaints() == []


def test_a_blocked_stream_is_polled_and_shown_as_such_and_then_live_again_without_a_reload(
    dashboard, service
):
    service.emulator.block("/api/v2/stream", 502)
    try:
        page = dashboard(service.base_url, **PROMPT)
        page.wait_for(state="polling", status="Polling")
        written = service.put()
        page.wait_for_item(written)
        assert page.now["state"] == "polling"
    finally:
        service.emulator.unblock("/api/v2/stream")
    page.wait_for(state="live", status="Connected")

    assert "live" not in page.states_seen[:-1]
    assert page.now["items"].count(written) == 1


def test_without_stream_and_polls_it_says_disconnected(dashboard, quiet):
    service = quiet
    page = dashboard(service.base_url, **PROMPT)
    page.wait_for(state="live")
    service.emulator.block("/api", None)
    try:
        service.emulator.cut("/api")
        page.wait_for(state="offline", status="Disconnected")
    finally:
        service.emulator.unblock("/api")
    page.wait_for(state="live", status="Connected")

    eventually(lambda: open_streams(service) == 1, 8)  # the goodbye to the cut one gets through


@pytest.mark.parametrize("leave", ["close", "navigate"])
def test_leaving_the_page_ends_its_stream_within_one_poll_and_frees_the_slot(
    dashboard, quiet, leave
):
    service = quiet
    page = dashboard(service.base_url)
    page.wait_for(state="live")
    assert open_streams(service) == 1
    endings = service.emulator.log.count('"reason":"goodbye"')
    if leave == "close":
        page.close()
    else:
        page.driver.get("about:blank")

    eventually(
        lambda: service.emulator.log.count('"reason":"goodbye"') > endings, 5
    )  # a poll is a second
    eventually(lambda: open_streams(service) == 0, 3)


def test_a_page_that_goes_before_its_stream_is_there_leaves_none_behind(dashboard, quiet):
    service = quiet
    page = dashboard(service.base_url)
    page.wait_for(state="live")
    page.close()
    eventually(lambda: open_streams(service) == 0)
    for environment in service.emulator.environments():
        service.emulator.kill_environment(environment["pid"])

    def told():
        return sum(
            service.emulator.log.count(f'"reason":"{reason}"') for reason in ("goodbye", "left")
        )

    before = told()
    dashboard(service.base_url).close()  # loaded, with the stream still starting
    eventually(lambda: told() > before)
    eventually(lambda: open_streams(service) == 0, 3)


def test_three_tabs_share_one_stream_and_when_the_leader_goes_another_takes_over(dashboard, quiet):
    service = quiet
    leader, second, third = tabs = [dashboard(service.base_url) for _ in range(3)]
    for tab in tabs:
        tab.show().wait_for(state="live")
    assert open_streams(service) == 1
    before = service.put()
    for tab in tabs:
        tab.show().wait_for_item(before)
    closed_at = time.monotonic()
    leader.close()
    during = [service.put() for _ in range(3)]
    third.show()
    eventually(lambda: set(during) <= set(third.now["items"]), 5)

    assert time.monotonic() - closed_at < 5
    second.show().wait_for(state="live")
    items = second.now["items"]
    assert set(during) <= set(items)
    assert len(items) == len(set(items))
    eventually(
        lambda: open_streams(service) == 1, 3
    )  # the stream of the closed tab ends within a poll


def test_it_says_that_every_environment_is_killed_and_comes_back_without_gap_or_double(
    dashboard, service
):
    page = dashboard(
        service.base_url, "Math.random = () => 0.9;"
    )  # a very short pause would not be seen
    page.wait_for(state="live")
    written = [service.put() for _ in range(3)]
    eventually(lambda: set(written) <= set(page.now["items"]))
    killed_at = time.monotonic()
    for environment in service.emulator.environments():
        service.emulator.kill_environment(environment["pid"])
    written += [service.put() for _ in range(5)]
    eventually(lambda: "reconnecting" in page.states_seen)
    page.wait_for(state="live", within_s=10)

    assert time.monotonic() - killed_at < 10
    eventually(lambda: set(written) <= set(page.now["items"]), 15)
    items = page.now["items"]
    assert len(items) == len(set(items))
    assert sorted(item for item in items if item in written) == sorted(written)
    eventually(
        lambda: page.number("total") == service.call("GET", "/api/v2/metrics").json()["total"]
    )
