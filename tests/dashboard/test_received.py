"""Only known fields within their bounds reach the page, and one place sees to it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import METRICS, Scripted, item

READ = """
const [cases, done] = arguments;
import("/static/received.js").then(({ eventFields, pollFields, tickersFields }) => {
  const readers = new Map([["poll", pollFields], ["tickers", tickersFields]]);
  const read = ([type, text]) => readers.get(type)?.(JSON.parse(text)) ?? eventFields(type, text);
  done(cases.map(read));
}).catch((error) => done(String(error.stack)));"""
NOON = "2026-11-30T12:00:00Z"
MINUTES = {"positive": [1, 2], "neutral": [0, 0], "negative": [0, 1], "score_sum": [0.5, 2.5]}
NONSENSE = [None, True, -1, 0.5, 1e308, 10**30, "1", "", [], [1], {}, {"a": 1}]


@pytest.fixture(scope="module")
def read(driver):
    """Returns what the page takes from a text of this type."""
    server = Scripted()
    page = Dashboard(driver, server.url + "blank.html")
    yield lambda *cases: page.run_async(READ, [[kind, json.dumps(data)] for kind, data in cases])
    page.close()
    server.close()


def test_what_keeps_its_bounds_gets_through(read):
    figures = METRICS | {"timestamp": NOON, "minutes": MINUTES, "unknown": 1}
    tickers = {"timestamp": NOON, "tickers": [], "others": {"total": 4}, "topics": {"ai": 2}}
    [event, poll, table] = read(
        ("metrics", figures),
        ("poll", figures | {"recent_items": [item("a")]}),
        ("tickers", tickers),
    )

    assert event == METRICS | {
        "by_tag": [["AAPL", 3]],
        "timestamp": NOON,
        "minutes": [
            {"positive": 1, "neutral": 0, "negative": 0, "scoreSum": 0.5},
            {"positive": 2, "neutral": 0, "negative": 1, "scoreSum": 2.5},
        ],
    }
    [recent] = poll["recent_items"]
    assert (recent["item_id"], recent["score"]) == ("a", 0.5)
    assert table == {"timestamp": NOON, "tickers": [], "others": 4, "topics": [["ai", 2]]}


@pytest.mark.parametrize("name", ["total", "positive", "neutral", "negative"])
def test_figures_that_are_no_counts_are_left_out(read, name):
    odd = [value for value in NONSENSE if value != METRICS[name]]
    figures = [METRICS | {"timestamp": NOON, name: value} for value in odd]

    assert read(*[("metrics", each) for each in figures]) == [None] * len(odd)
    assert read(*[("poll", each) for each in figures]) == [None] * len(odd)


def test_a_score_that_is_none_is_not_shown(read):
    odd = [value for value in NONSENSE if value != 0.5]
    scores = [each["score"] for each in read(*[("new_item", item("a", score=x)) for x in odd])]

    assert scores == [None] * len(odd)
    assert [
        each["score"] for each in read(*[("new_item", item("a", score=x)) for x in (0, 1)])
    ] == [
        0,
        1,
    ]


def test_a_sentiment_that_nobody_knows_is_none(read):
    odd = [*NONSENSE, "Positive", "constructor"]
    read_as = read(*[("new_item", item("a", sentiment=value)) for value in odd])

    assert [each["sentiment"] for each in read_as] == [""] * len(odd)


def test_a_minute_that_makes_no_sense_is_not_known(read):
    minutes = [
        MINUTES | {"positive": [1, None]},
        MINUTES | {"positive": [1, -2]},
        MINUTES | {"score_sum": [0.5, 9]},  # more than one for each item
        MINUTES | {"score_sum": [0.5, 1e308]},
    ]
    for figures in read(
        *[("metrics", METRICS | {"timestamp": NOON, "minutes": each}) for each in minutes]
    ):
        assert [minute is None for minute in figures["minutes"]] == [False, True]
    ill_formed = [*NONSENSE, MINUTES | {"neutral": [0]}, MINUTES | {"neutral": None}]
    ill_formed += [{name: [0] * 61 for name in MINUTES}, {name: [] for name in MINUTES}]
    for figures in read(
        *[("metrics", METRICS | {"timestamp": NOON, "minutes": each}) for each in ill_formed]
    ):
        assert figures["minutes"] is None


def test_a_time_that_is_none_of_this_century_is_none(read):
    odd = ["+275760-09-13T00:00:00.000Z", "-271821-04-20T00:00:00Z", "1969-12-31T00:00:00Z", "now"]
    figures = read(*[("metrics", METRICS | {"timestamp": each}) for each in odd])

    assert [each["timestamp"] for each in figures] == [""] * len(odd)


def test_what_is_too_much_is_cut(read):
    many = [item(str(number)) for number in range(500)]
    tags = {f"tag {number}": 1 for number in range(500)}
    [poll] = read(("poll", METRICS | {"timestamp": NOON, "recent_items": many, "by_tag": tags}))

    assert (len(poll["recent_items"]), len(poll["by_tag"])) == (100, 60)
    assert read(("new_item", item("x" * 50_000))) == [None]
    [long] = read(("new_item", item("a", ticker="x" * 99, timestamp="2" * 99, tags=["x" * 99_999])))
    assert (long["ticker"], long["timestamp"], long["tags"]) == ("", "", [])


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*METRICS, *MINUTES, *item("a"), "minutes"]), inner)
    ),
    max_leaves=20,
)
TYPES = ["metrics", "new_item", "heartbeat", "reset", "poll", "tickers", "toString", "__proto__"]


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cases=st.lists(st.tuples(st.sampled_from(TYPES), ANYTHING), max_size=20))
def test_nothing_that_a_server_can_send_is_an_error(read, cases):
    taken = read(*cases)

    assert isinstance(taken, list), taken
    for fields in taken:
        assert fields is None or set(fields) <= KNOWN
        if fields and "total" in fields:
            assert all(isinstance(fields[name], int) for name in ("total", "positive", "negative"))


KNOWN = {*METRICS, "timestamp", "minutes", "recent_items", *item("a"), "connections"}
KNOWN |= {"tickers", "others", "topics"}
