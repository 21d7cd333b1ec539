"""The state is right in whatever order stream and polls bring facts, and so is what it looks like.

What is not known is never shown as a zero, and each label says exactly what its figure counts.
"""

from datetime import UTC, datetime

import pytest

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import METRICS, Scripted, item

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
NOW = 1_800_000_030_000  # 08:00:30 in UTC, 03:00:30 in New York, 13:30:30 in Kolkata
UNSAID = "\N{EN DASH}"
REDUCE = """
const [facts, now, options, done] = arguments;
Promise.all(["state", "view"].map((name) => import(`/static/${name}.js`)))
  .then(([{ INITIAL, reduce }, { view }]) => {
    const state = facts.reduce((before, fact) => reduce(before, fact), INITIAL);
    done({ state, ...view(state, now, 60_000, options) });
  }).catch((error) => done(String(error.stack)));"""


@pytest.fixture(scope="module")
def led_to(driver):
    """Returns the state that these facts lead to, and what is shown of it at `now`."""
    server = Scripted()
    page = Dashboard(driver, server.url + "blank.html")
    yield lambda *facts, now=NOW, **options: page.run_async(
        REDUCE, facts, now, {"zone": "UTC"} | options
    )
    page.close()
    server.close()


def iso(ms):
    """Returns the moment so long after NOW."""
    moment = datetime.fromtimestamp((NOW + ms) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def split(positive=0, neutral=0, negative=0, score_sum=0):
    counts = {"positive": positive, "neutral": neutral, "negative": negative}
    return counts | {"scoreSum": score_sum}


def hour(**counted):
    """Returns the 60 minutes of an hour in which the last few had these counts of positive ones."""
    last = counted.get("last", [])
    return [split()] * (60 - len(last)) + [split(each, score_sum=each / 2) for each in last]


def metrics(at=0, minutes=None, **changed):
    told = {"timestamp": iso(at), "by_tag": [], "minutes": minutes}
    return {
        "type": "event",
        "event": "metrics",
        "data": METRICS | told | changed,
        "id": f"m{at}",
        "at": NOW + at,
    }


def heartbeat(at=0):
    data = {"connections": 1, "timestamp": iso(at)}
    return {"type": "event", "event": "heartbeat", "data": data, "id": "h", "at": NOW + at}


def cut(at):
    """Returns the fact that the network has gone."""
    return {
        "type": "waiting",
        "at": NOW + at,
        "retryAt": NOW + at + 1000,
        "patientUntil": None,
        "status": None,
        "online": False,
    }


def polled(minutes=None, at=0, fallback=True, recent=()):
    told = {"timestamp": iso(at), "by_tag": [], "minutes": minutes, "recent_items": list(recent)}
    return {
        "type": "polled",
        "data": METRICS | told,
        "fallback": fallback,
        "askedAt": NOW + at,
        "at": NOW + at,
    }


def streamed(item, at=0):
    return {
        "type": "event",
        "event": "new_item",
        "data": item,
        "id": item["item_id"],
        "at": NOW + at,
    }


def positive(shown):
    """Returns the positive items of each minute that is drawn; None where it is not known."""
    columns = shown["minutes"]["columns"]
    return [column and column["positive"] for column in columns]


def test_a_minute_that_nobody_heard_of_is_not_known_and_not_zero(led_to):
    facts = [metrics(minutes=hour(last=[7, 8, 9])), cut(1_000)]
    shown = led_to(*facts, now=NOW + 3 * MINUTE_MS)

    assert positive(shown)[-6:] == [7, 8, 9, None, None, None]
    assert [bool(column and column["part"]) for column in shown["minutes"]["columns"]][-6:] == [
        *[False] * 2,
        True,
        *[False] * 3,
    ]
    assert shown["unknown"] == "not known since 08:00"
    assert shown["fields"]["total"] == "3"


def test_what_the_stream_says_when_it_is_back_fills_the_gap(led_to):
    later = 3 * MINUTE_MS
    facts = [
        metrics(minutes=hour(last=[7, 8, 9])),
        cut(1_000),
        metrics(later, hour(last=[7, 8, 12, 4, 5, 6])),
    ]
    shown = led_to(*facts, now=NOW + later)

    assert positive(shown)[-6:] == [7, 8, 12, 4, 5, 6]
    assert shown["unknown"] is None
    assert shown["minutes"]["until"] is None


def test_minutes_that_an_event_does_not_name_stay_and_new_ones_between_were_empty(led_to):
    later = 3 * MINUTE_MS
    facts = [metrics(minutes=hour(last=[7, 8, 9])), metrics(later, [split(2)])]

    assert positive(led_to(*facts, now=NOW + later))[-6:] == [7, 8, 9, 0, 0, 2]


def test_a_minute_whose_split_the_service_does_not_know_is_not_known_here(led_to):
    facts = [metrics(minutes=[*hour()[:-2], None, split(3)])]

    assert positive(led_to(*facts))[-3:] == [0, None, 3]


def test_a_poll_brings_all_minutes_unless_the_stream_has(led_to):
    assert positive(led_to(polled(hour(last=[5]))))[-1] == 5
    facts = [metrics(minutes=hour(last=[6])), polled(hour(last=[5]), fallback=False)]
    assert positive(led_to(*facts))[-1] == 6


def test_without_an_event_for_longer_than_a_heartbeat_the_minutes_since_are_not_known(led_to):
    facts = [metrics(minutes=hour(last=[9]))]

    assert positive(led_to(*facts, now=NOW + 15_000))[-1] == 9
    assert led_to(*facts, heartbeat(30_000), now=NOW + 40_000)["minutes"]["until"] is None
    assert positive(led_to(*facts, heartbeat(30_000), now=NOW + 40_000))[-2:] == [9, 0]
    shown = led_to(*facts, now=NOW + 50_000)  # connected as far as anybody can tell
    assert (shown["status"], positive(shown)[-2:]) == ("live", [9, None])
    assert shown["unknown"] == "not known since 08:00"


def test_before_anything_has_come_nothing_is_known(led_to):
    shown = led_to()

    assert positive(shown) == [None] * 60
    assert shown["fields"]["strip_words"] == "not known"
    assert shown["unknown"] is None


def test_an_older_service_that_says_no_minutes_has_none_that_are_known(led_to):
    assert positive(led_to(metrics())) == [None] * 60


def test_a_reset_forgets_the_minutes_until_the_next_figures(led_to):
    reset = heartbeat() | {"event": "reset", "data": {}}
    facts = [metrics(minutes=hour(last=[9])), reset]

    assert positive(led_to(*facts)) == [None] * 60
    assert positive(led_to(*facts, metrics(minutes=hour(last=[2]))))[-1] == 2


@pytest.mark.parametrize(
    ("zone", "since", "hour_since"),
    [
        ("UTC", "since 09:00 yesterday", "since 07:01"),
        ("America/New_York", "since 04:00 yesterday", "since 02:01"),
        ("Asia/Kolkata", "since 14:30 yesterday", "since 12:31"),
        ("Pacific/Auckland", "since 22:00 yesterday", "since 20:01"),
    ],
)
def test_labels_name_the_windows_of_the_figures(led_to, zone, since, hour_since):
    fields = led_to(metrics(minutes=hour()), zone=zone)["fields"]

    assert (fields["since"], fields["hour_since"]) == (since, hour_since)


def test_labels_keep_the_windows_of_figures_that_stand_still(led_to):
    facts = [metrics(minutes=hour()), cut(1_000)]
    fields = led_to(*facts, now=NOW + 48 * HOUR_MS)["fields"]

    assert fields["since"] == "since 09:00 on 14 Jan"
    assert fields["hour_since"] == "since 07:01 on 15 Jan"


def test_a_time_that_comes_twice_when_clocks_go_back_names_its_zone(led_to):
    back = datetime(2026, 11, 1, 6, tzinfo=UTC).timestamp() * 1000 - NOW  # New York's clocks

    def since(minutes):
        after = back + minutes * MINUTE_MS
        fields = led_to(metrics(after), now=NOW + after, zone="America/New_York")["fields"]
        return fields["hour_since"]

    assert [since(30), since(90), since(130)] == [
        "since 01:31 GMT-4",
        "since 01:31 GMT-5",
        "since 02:11",
    ]


def test_the_rate_is_the_mean_of_the_last_full_minutes_that_are_known(led_to):
    at_full_speed = metrics(minutes=hour(last=[0, 1205, 1206, 1204, 300]))
    rate = "1,205 a minute, 07:57 to 08:00"
    assert led_to(at_full_speed)["fields"]["a_minute"] == rate

    minutes = [None, None, *hour(last=[10, 20])[2:]]
    minutes[-4:-2] = [None, split(4)]
    known_in_part = led_to(metrics(minutes=minutes))["fields"]["a_minute"]
    assert known_in_part == "7 a minute, 07:58 to 08:00"

    assert led_to(cut(0))["fields"]["a_minute"] == UNSAID


def test_the_words_of_the_strip_are_what_the_service_has_counted(led_to):
    busy = metrics(minutes=hour(last=[9, 1000, 1200, 1200, 1200, 174]))
    words = "4,774 since 07:56, mean score 0.50"
    assert led_to(busy)["fields"]["strip_words"] == words
    assert led_to(metrics(minutes=hour()))["fields"]["strip_words"] == "nothing since 07:56"
    shown = led_to(busy, cut(1_000), now=NOW + 2 * MINUTE_MS)
    assert shown["fields"]["strip_words"] == ("2,574 since 07:58, as far as known, mean score 0.50")


def test_one_sentiment_alone(led_to):
    items = [item("a"), item("b", sentiment="negative")]
    minutes = [*hour()[:-1], split(3, 2, 1, 3.5)]
    facts = [metrics(minutes=minutes), *map(streamed, items)]
    shown = led_to(*facts, sentiment="negative")

    assert [each["item_id"] for each in shown["items"]] == ["b"]
    names = ("total", "positive", "negative", "rate_last_hour", "strip_words")
    assert [shown["fields"][name] for name in names] == [
        "1",
        "1",
        "1",
        "1",
        "1 since 07:56, negative alone",
    ]


@pytest.mark.parametrize(
    ("ago_ms", "words", "late"),
    [
        (1_000, "newest item just now", False),
        (99_000, "newest item 99 s ago", False),
        (43 * MINUTE_MS, "newest item 43 min ago", True),
        (5 * HOUR_MS, "newest item 5 h ago", True),
        (3 * 24 * HOUR_MS, "newest item 3 d ago", True),
    ],
)
def test_the_age_of_the_newest_item_is_not_the_age_of_the_last_event(led_to, ago_ms, words, late):
    recent = [item("older", timestamp=iso(-ago_ms - 5)), item("newer", timestamp=iso(-ago_ms))]
    shown = led_to(metrics(), polled(recent=recent, fallback=False), freshMs=15 * MINUTE_MS)

    assert shown["freshness"] == {"text": words, "late": late}
    assert shown["fields"]["age"] == "just now"


def test_without_items_nothing_is_said_to_be_new(led_to):
    assert led_to(metrics())["freshness"]["text"] == ""
    nothing = {"total": 0, "positive": 0, "neutral": 0, "negative": 0}
    shown = led_to(metrics(**nothing), polled(fallback=False))
    assert shown["freshness"] == {"text": "no items yet", "late": False}
    assert shown["fields"]["positive_share"] == UNSAID


def test_polling_counts_down_to_the_next_attempt_to_stream_and_says_when_it_polled(led_to):
    waiting = cut(0) | {"online": True, "retryAt": NOW + 23_000}
    shown = led_to(waiting, polled(hour()), now=NOW + 3_000)

    assert shown["status"] == "polling"
    assert shown["detail"] == (
        "Streaming unavailable; polled 3 s ago; next attempt to stream in 20 s"
    )


def test_a_clock_that_is_wrong_by_minutes_changes_no_minute(led_to):
    for skew in (-7 * MINUTE_MS, 7 * MINUTE_MS):
        facts = [metrics(minutes=hour(last=[4, 2])) | {"at": NOW + skew}]

        assert positive(led_to(*facts, now=NOW + skew))[-3:] == [0, 4, 2]


def test_a_clock_that_is_wrong_by_days_changes_no_minute_either(led_to):
    for skew in (-48 * HOUR_MS, 48 * HOUR_MS):
        facts = [metrics(minutes=hour(last=[4, 2])) | {"at": NOW + skew}]
        shown = led_to(*facts, now=NOW + skew)

        assert positive(shown)[-3:] == [0, 4, 2]
        assert shown["fields"]["hour_since"] == "since 07:01"


def test_figures_that_do_not_tell_their_minutes_leave_none_that_are_known(led_to):
    later = 2 * MINUTE_MS
    facts = [metrics(minutes=hour(last=[4, 2])), metrics(later, total=9)]
    shown = led_to(*facts, now=NOW + later)

    assert positive(shown) == [None] * 60
    assert shown["fields"]["a_minute"] == UNSAID


def test_figures_without_a_time_tell_no_window(led_to):
    shown = led_to(metrics(minutes=hour(last=[4]), timestamp=""), sentiment="positive")

    assert (shown["fields"]["rate_last_hour"], shown["fields"].get("since")) == (UNSAID, None)


def test_between_two_polls_the_minute_that_has_turned_is_not_taken_for_whole(led_to):
    before = 27_000  # 08:00:57
    shown = led_to(cut(0), polled(hour(last=[5, 1]), at=before), now=NOW + 32_000)

    assert positive(shown)[-3:] == [5, 1, None]
    assert shown["minutes"]["columns"][-2]["part"]
    assert shown["fields"]["a_minute"] == "2.5 a minute, 07:58 to 08:00"
    assert shown["unknown"] is None


def test_an_item_that_is_dated_ahead_is_as_old_as_its_arrival(led_to):
    ahead = polled(recent=[item("ahead", timestamp=iso(55 * MINUTE_MS))], fallback=False)
    shown = led_to(metrics(), ahead, now=NOW + 5 * MINUTE_MS)

    assert shown["freshness"]["text"] == "newest known item 5 min ago"


def test_after_a_reset_it_is_not_known_whether_there_are_items(led_to):
    reset = heartbeat() | {"event": "reset", "data": {}}
    facts = [metrics(), polled(recent=[item("a")], fallback=False), reset]

    assert led_to(*facts)["state"]["hasPolled"] is False


def test_a_timestamp_of_another_century_says_nothing_about_clocks(led_to):
    facts = [metrics(minutes=hour(last=[3])), metrics(timestamp="9999-01-01T00:00:00Z")]

    assert led_to(*facts)["now"] == NOW


def test_what_another_tab_knows_is_taken_over_unless_it_knows_nothing(led_to):
    rich = led_to(metrics(minutes=hour()), streamed(item("one")))["state"]
    poor = led_to()["state"]

    assert led_to({"type": "adopted", "state": rich})["state"] == rich
    adopted = [{"type": "adopted", "state": each} for each in (rich, poor)]
    assert led_to(*adopted)["state"] == rich
