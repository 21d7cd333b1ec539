"""Judges all that the page tells by a recount of the items that were published.

Each function raises AssertionError where the page differs. `ticker` and `sentiment` are those that
the page is filtered by.
"""

import re
from collections import Counter
from datetime import datetime
from functools import partial

import pytest

from tests.dashboard.fixed import SENTIMENTS, moment
from tests.dashboard.recounted import counted, minute_of, moment_s, moments
from tests.support.waiting import eventually

MINUTE = 60.0
HOUR = 3600.0
EVENING = moment("2026-11-25T22:19:05")
# Ages just outside and just inside the window that begins at 23:00 in New York, in seconds.
EDGES = (23 * HOUR + 30 * MINUTE, 23 * HOUR + 15 * MINUTE)
SCENES = {
    "edges": (*EDGES, 60 * MINUTE + 10, 59 * MINUTE, 10 * MINUTE, 9 * MINUTE, 1),
    "yesterday's alone": (*EDGES, 23 * HOUR, 22 * HOUR + 30 * MINUTE),
    "outside alone": (EDGES[0],),
    "none": (),
    "one": (5.0,),
}
FIELDS = """
const text = (selector) => document.querySelector(selector).textContent;
return Object.fromEntries([...document.querySelectorAll("[data-field]")]
  .filter((cell) => !cell.closest(".watched"))
  .map((cell) => [cell.dataset.field, cell.textContent])
  .concat([["strip_words", text(".strip-words")], ["freshness", text(".freshness")]]));"""
ROWS = """
return [...document.querySelectorAll(".newest .items li")].map((row) => ({
  id: row.dataset.item,
  time: row.querySelector("time").textContent,
  datetime: row.querySelector("time").getAttribute("datetime"),
}));"""
# Reads each minute of the chart with the arrow keys, as a keyboard's user does.
COLUMNS = """
const slider = document.querySelector(".rate-card [role=slider]");
const press = (key) => slider.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
slider.focus();
press("Home");
const read = [];
for (let at = 0; at < 60; at += 1) {
  read.push([Number(slider.getAttribute("aria-valuenow")), slider.getAttribute("aria-valuetext")]);
  press("ArrowRight");
}
press("Escape");
slider.blur();
return read;"""
TICKERS = """
const text = (element, selector) => element.querySelector(selector).textContent;
return {
  words: text(document, ".tickers-words"),
  rows: [...document.querySelectorAll(".ticker-rows li")].map((row) => ({
    ticker: text(row, ".ticker"),
    count: text(row, ".count"),
    parts: [...row.querySelectorAll(".part")].map(({ textContent }) => textContent),
    change: text(row, ".change b"),
  })),
  topicsWords: text(document, ".topics-words"),
  topics: [...document.querySelectorAll(".tags li")]
    .map((row) => [text(row, ".name"), text(row, ".count")]),
};"""
COLUMN = re.compile(r"(?P<time>\d\d:\d\d)[^:]*: (?P<rest>.*)")


def agrees(page, fixed, **filtered):
    """Waits until the page tells the newest figures and items, and judges all that it tells.

    Figures and items come one after the other.
    """

    def judged(*checks):
        for check in checks:
            check(page, fixed, **filtered)
        return True

    told = partial(eventually, within_s=12, retry_on=AssertionError)
    told(lambda: judged(check_figures, check_words, check_rows))
    told(lambda: judged(check_columns))


def fields(page):
    return page.run(FIELDS)


def number(text):
    """Returns the number in a text as the page writes it: "1,234"; None: there is none."""
    found = re.search(r"-?[\d,]*\d(\.\d+)?", text)
    return float(found[0].replace(",", "")) if found else None


def check_figures(page, fixed, ticker=None, sentiment=None):
    """Total, sentiments, shares and the last hour, over the windows that their labels name."""
    shown = fields(page)
    now_s = fixed.clock()
    [since_s] = moments(shown["since"], now_s, page.zone, count=1)
    [hour_s] = moments(shown["hour_since"], now_s, page.zone, count=1)
    assert 23 * HOUR <= now_s - since_s <= 24 * HOUR + MINUTE, shown["since"]
    assert 59 * MINUTE <= now_s - hour_s <= 61 * MINUTE, shown["hour_since"]
    window = counted(fixed.items, since_s, ticker=ticker)
    by_sentiment = {each: counted(window, since_s, sentiment=each) for each in SENTIMENTS}
    expected = {each: len(items) for each, items in by_sentiment.items()}
    expected["total"] = len(by_sentiment[sentiment] if sentiment else window)
    hour = counted(fixed.items, hour_s, ticker=ticker, sentiment=sentiment)
    expected["rate_last_hour"] = len(hour)
    assert {name: number(shown[name]) for name in expected} == expected
    for each in SENTIMENTS:
        share = number(shown[f"{each}_share"])
        if not window:
            assert share is None
        else:
            assert share == pytest.approx(100 * len(by_sentiment[each]) / len(window), abs=0.051)


def check_words(page, fixed, ticker=None, sentiment=None):
    """The rate a minute, the strip in words, and how old the newest item is."""
    shown = fields(page)
    now_s = fixed.clock()
    asked = {"ticker": ticker, "sentiment": sentiment}
    start_s, end_s = moments(shown["a_minute"], now_s, page.zone, count=2)
    items = counted(fixed.items, start_s, end_s, **asked)
    rate = len(items) / ((end_s - start_s) / MINUTE)
    assert end_s <= now_s < end_s + 2 * MINUTE, shown["a_minute"]
    assert number(shown["a_minute"]) == pytest.approx(rate, abs=0.051), shown["a_minute"]
    check_strip_words(shown["strip_words"], page, fixed, **asked)
    freshness = shown["freshness"]
    newest = [moment_s(each) for each in counted(fixed.items, 0, ticker=ticker)]
    if newest:
        assert age_s(freshness) == pytest.approx(now_s - max(newest), abs=3, rel=0.05), freshness
    else:
        assert not re.search(r"\d", freshness), freshness


def check_strip_words(words, page, fixed, **asked):
    [since_s] = moments(words, fixed.clock(), page.zone, count=1)
    items = counted(fixed.items, since_s, **asked)
    assert 4 * MINUTE <= fixed.clock() - since_s <= 6 * MINUTE, words
    if not items:
        assert words.startswith("nothing"), words
        return
    assert number(words) == len(items), words
    if mean := re.search(r"mean score (\d\.\d+)", words):
        assert float(mean[1]) == pytest.approx(mean_score(items), abs=0.0051), words
    else:
        assert asked["sentiment"], words


def mean_score(items):
    return sum(each.score for each in items) / len(items)


def age_s(words):
    """Returns the seconds in an age as the page says it: "43 min ago"."""
    if "just now" in words:
        return 0
    found = re.search(r"(\d+) (s|min|h|d) ago", words)
    assert found, words
    return int(found[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86_400}[found[2]]


def columns(page):
    """Returns minute, time, and counts of each column as arrow keys read it.

    A minute is a number of minutes since 1970. Counts are None for a minute that is not known.
    """
    read = []
    for minute, words in page.run(COLUMNS):
        found = COLUMN.fullmatch(words)
        assert found, words
        read.append((minute, found["time"], column_counts(found["rest"])))
    return read


def column_counts(words):
    if words == "not known":
        return None
    counts = {
        name: int(count.replace(",", ""))
        for count, name in re.findall(r"([\d,]+) (items?|positive|neutral|negative)\b", words)
    }
    if "item" in counts:
        counts["items"] = counts.pop("item")
    mean = re.search(r"mean score (\d\.\d+)", words)
    return counts | {"mean": float(mean[1]) if mean else None, "part": "in part" in words}


def check_columns(page, fixed, ticker=None, sentiment=None, unknown=()):
    """Each minute of the chart. `unknown`: the minutes that must not be known."""
    read = columns(page)
    last = minute_of(fixed.clock())
    assert [minute for minute, *_ in read] == list(range(last - 59, last + 1))
    for minute, time, counts in read:
        at = datetime.fromtimestamp(minute * MINUTE, page.zone)
        assert time == f"{at:%H:%M}"
        if minute in unknown:
            assert counts is None, (time, counts)
            continue
        assert counts is not None, time
        own = [
            each
            for each in counted(fixed.items, 0, ticker=ticker)
            if minute_of(moment_s(each)) == minute
        ]
        check_column(time, counts, own, sentiment)


def check_column(time, counts, own, sentiment):
    by_sentiment = {each: sum(item.sentiment == each for item in own) for each in SENTIMENTS}
    if sentiment:
        assert counts.get(sentiment) == by_sentiment[sentiment], (time, counts)
        return
    assert {name: counts.get(name) for name in by_sentiment} == by_sentiment, (time, counts)
    assert counts["items"] == len(own), (time, counts)
    if own:
        assert counts["mean"] == pytest.approx(mean_score(own), abs=0.0051), (time, counts)
    else:
        assert counts["mean"] is None, (time, counts)


def check_rows(page, fixed, ticker=None, sentiment=None):
    """The newest items, each with its time, and its date unless that is today's."""
    rows = page.run(ROWS)
    asked = {"ticker": ticker, "sentiment": sentiment}
    expected = counted(fixed.items, 0, **asked)[::-1][: len(rows)]
    assert [row["id"] for row in rows] == [each.item_id for each in expected]
    assert len(rows) >= min(20, len(counted(fixed.items[-20:], 0, **asked)))
    today = datetime.fromtimestamp(fixed.clock(), page.zone).date()
    for row, item in zip(rows, expected, strict=True):
        at = datetime.fromtimestamp(moment_s(item), page.zone)
        assert datetime.fromisoformat(row["datetime"]).timestamp() == pytest.approx(
            moment_s(item), abs=0.001
        )
        assert f"{at:%H:%M:%S}" in row["time"]
        dated = f"{at.day} {at:%b}" in row["time"]
        assert dated == (at.date() != today), row


def check_tickers(page, fixed, ticker=None, sentiment=None):
    """Each ticker with its split and its change, and the topics, over the windows they name.

    These figures may be some seconds older than the others, so nothing may have come lately.
    """
    card = page.run(TICKERS)
    [since_s, _] = moments(card["words"], fixed.clock(), page.zone, count=2)
    window = counted(fixed.items, since_s)
    minute_s = minute_of(fixed.clock()) * MINUTE
    last = counted(fixed.items, minute_s - 59 * MINUTE)
    before = counted(fixed.items, minute_s - 119 * MINUTE, minute_s - 59 * MINUTE)
    of = Counter(each.ticker for each in counted(window, 0, sentiment=sentiment))
    names = {each.ticker for each in window}
    shown = {row["ticker"]: number(row["count"]) for row in card["rows"]}
    assert shown == {name: of[name] for name in names}
    assert list(shown.values()) == sorted(shown.values(), reverse=True)
    for row in card["rows"]:
        name = row["ticker"]
        own = [len(counted(window, 0, ticker=name, sentiment=each)) for each in SENTIMENTS]
        assert [number(part) for part in row["parts"]] == own
        change = len(counted(last, 0, ticker=name)) - len(counted(before, 0, ticker=name))
        text = row["change"].replace("\N{MINUS SIGN}", "-").lstrip("+\N{PLUS-MINUS SIGN}")
        if text == "new":
            assert change > 0
            assert not counted(before, 0, ticker=name)
        else:
            assert int(text) == change, row
    since_s = 0
    if window:
        [since_s, _] = moments(card["topicsWords"], fixed.clock(), page.zone, count=2)
    topics = Counter(
        tag
        for each in counted(fixed.items, since_s, ticker=ticker)
        for tag in each.tags
        if tag != each.ticker
    )
    if window:
        assert {name: number(count) for name, count in card["topics"]} == topics
