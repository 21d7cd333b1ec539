"""The state is right in whatever order stream and polls bring facts: items a minute above all."""

import pytest

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import METRICS, Scripted, item

MINUTE_MS = 60_000
NOW = 1_800_000_030_000  # 08:00:30
REDUCE = """
const [facts, now, done] = arguments;
Promise.all(["state", "seen", "view"].map((name) => import(`/static/${name}.js`)))
  .then(([{ INITIAL, reduce }, { Seen }, { view }]) => {
    const seen = new Seen();
    const state = facts.reduce((before, fact) => reduce(before, seen.mark(fact)), INITIAL);
    done({ state, counts: view(state, now, 60_000).series.counts });
  }).catch((error) => done(String(error.stack)));"""


@pytest.fixture(scope="module")
def led_to(driver):
    """Returns the state that these facts lead to, and the counts that are drawn at `now`."""
    server = Scripted()
    page = Dashboard(driver, server.url + "blank.html")
    yield lambda *facts, now=NOW: page.run_async(REDUCE, facts, now)
    page.close()
    server.close()


def iso(ms):
    """Returns the moment so long after NOW."""
    minute, rest = divmod(ms + 30_000, MINUTE_MS)
    return f"2027-01-15T08:{minute:02}:{rest / 1000:06.3f}Z"


def dated(number, at=0):
    return item(f"item-{number}", timestamp=iso(at))


def polled(items, count, at=100, asked_at=0, fallback=False, clock=0):
    """Returns the fact of a poll response that has counted `count` items, all in its minute.

    `items`: oldest first. `at`: milliseconds after NOW.
    """
    told = {
        "items_by_minute": [0] * 59 + [count],
        "recent_items": items[:-21:-1],
        "timestamp": iso(clock),
        "by_tag": [],
    }
    return {
        "type": "polled",
        "data": METRICS | told,
        "fallback": fallback,
        "askedAt": NOW + asked_at,
        "at": NOW + at,
    }


def streamed(item, at=50):
    return {
        "type": "event",
        "event": "new_item",
        "data": item,
        "id": item["item_id"],
        "at": NOW + at,
    }


def heartbeat(clock=0, at=0):
    data = {"connections": 1, "timestamp": iso(clock)}
    return {"type": "event", "event": "heartbeat", "data": data, "id": "h", "at": NOW + at}


def test_what_a_poll_has_counted_is_not_counted_again_when_the_stream_replays_it(led_to):
    items = [dated(number, at=number) for number in range(100)]
    facts = [
        heartbeat(),
        polled(items, 100, at=200, fallback=True),
        *(streamed(each, 300) for each in items),
    ]

    assert led_to(*facts)["counts"][-1] == 100
    assert (
        led_to(*facts, *(streamed(dated(number, 400), 400) for number in range(100, 107)))[
            "counts"
        ][-1]
        == 107
    )


def test_items_of_one_and_the_same_moment_are_counted_once_too(led_to):
    items = [dated(number) for number in range(100)]
    facts = [
        heartbeat(),
        polled(items, 100, at=200, fallback=True),
        *(streamed(each, 300) for each in items),
    ]

    assert led_to(*facts, streamed(dated(100), 300))["counts"][-1] == 101


@pytest.mark.parametrize(("before", "after"), [(0, 3), (5, 3), (30, 10), (0, 100)])
def test_what_the_stream_has_brought_meanwhile_is_added_to_an_older_response(led_to, before, after):
    items = [dated(number, at=number) for number in range(before + after)]
    facts = [heartbeat(), *(streamed(each, 50) for each in items), polled(items[:before], before)]

    assert led_to(*facts)["counts"][-1] == before + after


def test_a_response_newer_than_the_stream_is_right_as_it_is(led_to):
    items = [dated(number, at=number) for number in range(60)]
    facts = [heartbeat(), *(streamed(each) for each in items[:5]), polled(items, 60)]

    assert led_to(*facts)["counts"][-1] == 60
    assert led_to(*facts, *(streamed(each, 200) for each in items[5:]))["counts"][-1] == 60


def test_an_item_dated_before_the_response_counts_once_no_replay_is_to_be_expected(led_to):
    facts = [heartbeat(), polled([dated(1, at=5_000)], 1, at=6_000)]
    late = streamed(dated(2, at=1_000), at=120_000)

    assert led_to(*facts, late, now=NOW + 9_000)["counts"][-1] == 2


def test_what_is_dated_in_the_future_leaves_nothing_behind(led_to):
    hostile = [
        item(str(number), timestamp=f"{9000 + number // 12}-{1 + number % 12:02}-01T00:00:00Z")
        for number in range(99)
    ]
    state = led_to(heartbeat(), polled([], 0), *map(streamed, hostile))["state"]

    assert len(state["minutes"]) == 60


def test_a_clock_that_is_wrong_by_minutes_does_not_empty_the_line(led_to):
    for skew in (-7 * MINUTE_MS, 7 * MINUTE_MS):
        facts = [
            heartbeat(at=skew),
            polled([dated(1)], 1, at=skew),
            streamed(dated(2, at=1), at=skew),
        ]

        assert led_to(*facts, now=NOW + skew)["counts"] == [0] * 59 + [2]


def test_what_another_tab_knows_is_taken_over_unless_it_knows_nothing(led_to):
    rich = led_to(heartbeat(at=9), streamed(dated(1), at=10))["state"]
    poor = led_to()["state"]

    assert led_to({"type": "adopted", "state": rich})["state"] == rich
    assert (
        led_to({"type": "adopted", "state": rich}, {"type": "adopted", "state": poor})["state"]
        == rich
    )
