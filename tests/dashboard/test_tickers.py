"""Tickers and topics stand apart, each with the window of its numbers."""

import re
import secrets
import string
from datetime import UTC, datetime, timedelta

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import METRICS, Scripted, new_item, utc
from tests.support.waiting import eventually

ROWS = """
const label = (row, selector) => row.querySelector(selector).getAttribute("aria-label");
return [...document.querySelectorAll(".ticker-rows li")].map((row) => ({
  ticker: row.querySelector(".ticker").textContent,
  count: row.querySelector(".count").textContent,
  split: label(row, ".split"),
  widths: [...row.querySelectorAll(".split rect")].map((r) => r.getAttribute("width")),
  parts: [...row.querySelectorAll(".part")].map((part) => part.textContent),
  spark: label(row, ".spark"),
  columns: row.querySelector(".spark path").getAttribute("d").split("M").length - 1,
  change: row.querySelector(".change").textContent.trim().replace(/\\s+/g, " "),
}));"""
TEXT = "return document.querySelector(arguments[0])?.textContent.trim()"
TOPICS = """
return [...document.querySelectorAll(".tags li")].map((row) =>
  [row.querySelector(".name").textContent, row.querySelector(".count").textContent]);"""
PURE = """
const done = arguments[arguments.length - 1];
import("/static/ticker_words.js").then((words) => done(words[arguments[0]](...arguments[1])));"""


def ticker(name, positive, neutral, negative, minutes=None, before=0):
    minutes = [0] * 60 if minutes is None else minutes
    return {
        "ticker": name,
        "total": positive + neutral + negative,
        "positive": positive,
        "neutral": neutral,
        "negative": negative,
        "items_by_minute": minutes,
        "last_hour": sum(n or 0 for n in minutes),
        "hour_before": before,
    }


def told(*tickers, topics=None, **changed):
    return {"tickers": list(tickers), "others": {"total": 0}, "topics": topics or {}} | changed


BUSY = [0] * 40 + [1, 2] * 10


@pytest.fixture
def page(dashboard, scripted):
    scripted.tickers = told(
        ticker("NVDA", 60, 30, 10, BUSY, before=18),
        ticker("AAPL", 0, 20, 60, BUSY, before=40),
        ticker("TSLA", 3, 0, 0, BUSY, before=0),
        ticker("AMD", 1, 0, 0, before=0),
        topics={"earnings": 40, "chips": 12},
    )
    opened = dashboard(scripted.url, refreshMs=400, pollMs=200, filterPollMs=200)
    opened.wait_for(state="live")
    eventually(lambda: opened.run(ROWS))
    return opened


@pytest.fixture(scope="module")
def words(driver):
    server = Scripted()
    page = Dashboard(driver, server.url + "blank.html")
    yield lambda function, *arguments: page.run_async(PURE, function, arguments)
    page.close()
    server.close()


def test_each_ticker_has_its_count_split_last_hour_and_change(page):
    rows = page.run(ROWS)
    hour = page.run(TEXT, ".ticker-hour")

    assert re.fullmatch(r"since \d\d:\d\d", hour)
    assert [row["ticker"] for row in rows] == ["NVDA", "AAPL", "TSLA", "AMD"]
    assert [row["count"] for row in rows] == ["100", "80", "3", "1"]
    assert rows[0]["split"] == "60 positive, 30 neutral, 10 negative"
    assert rows[0]["widths"] == ["60%", "30%", "10%"]
    assert rows[1]["parts"] == ["0", "20", "60"]
    assert rows[0]["columns"] == 20
    assert rows[0]["spark"] == f"30 {hour}, at most 2 a minute"
    assert [row["change"] for row in rows] == [
        "+12 against the 60 minutes before",
        "\N{MINUS SIGN}10 against the 60 minutes before",
        "new none in the 60 minutes before",
        "±0 against the 60 minutes before",
    ]
    assert page.run(TOPICS) == [["earnings", "40"], ["chips", "12"]]


def test_the_label_names_the_window(page, scripted):
    at = datetime.now(UTC)
    zone = page.run("return new Date().getTimezoneOffset()")
    local = at - timedelta(minutes=zone)
    window = page.run(TEXT, ".tickers-words")
    first = at.replace(minute=0, second=0) - timedelta(hours=23) - timedelta(minutes=zone)
    days = {0: "", 1: " yesterday"}[(local.date() - first.date()).days]
    assert window.startswith(f"items since {first:%H:%M}{days}, as of ")
    assert re.search(r"as of \d\d:\d\d$", window)
    assert page.run(TEXT, ".topics-words") == window.removeprefix("items ")


@pytest.mark.parametrize(
    ("last", "before", "text"),
    [
        (12, 0, "new"),
        (0, 0, "±0"),
        (0, 5, "\N{MINUS SIGN}5"),
        (1500, 10, "+1,490"),
        (7, 7, "±0"),
        (None, 3, "\N{EN DASH}"),
    ],
)
def test_the_change_is_in_items_and_never_a_share_of_nothing(words, last, before, text):
    said = words("changeWords", {"last_hour": last, "hour_before": before})

    assert said["text"] == text


def test_minutes_that_are_not_known_are_said_so(words):
    one = ticker("NVDA", 1, 0, 0, [None] * 2 + [1] * 58)
    [row] = words("tickerRows", [one], None, "since 21:20")

    assert row["spark"] == "58 since 21:20, at most 1 a minute, 2 minutes not known"


def test_a_sentiment_counts_and_orders_the_tickers_by_it(page):
    page.click(".cell [data-sentiment=negative]")
    eventually(lambda: page.run(ROWS)[0]["ticker"] == "AAPL")

    assert [row["count"] for row in page.run(ROWS)] == ["60", "10", "0", "0"]
    assert "negative items since" in page.run(TEXT, ".tickers-words")
    assert "all sentiments" in page.run(TEXT, ".topics-words")


def test_a_click_filters_and_a_second_one_shows_all_again(page, scripted):
    scripted.of_ticker = {"AAPL": METRICS | {"recent_items": []}}
    page.click(".ticker-rows li:nth-child(2) .pick")
    eventually(lambda: page.run(TEXT, ".showing") == "Showing AAPL")
    pressed = "return document.querySelector('.ticker-rows [aria-pressed=true]')?.textContent"
    eventually(lambda: page.run(pressed) == "AAPL")
    page.focus()
    ActionChains(page.driver).send_keys(Keys.SPACE).perform()  # the button has the focus

    eventually(lambda: page.run(TEXT, ".showing") == "Showing all items")


def test_it_is_asked_for_again_and_the_focus_goes_with_its_ticker(page, scripted):
    page.run("document.querySelector('.ticker-rows li:nth-child(2) .pick').focus()")
    scripted.tickers = told(ticker("AAPL", 200, 20, 60), ticker("NVDA", 60, 30, 10))
    eventually(lambda: [row["ticker"] for row in page.run(ROWS)] == ["AAPL", "NVDA"])

    assert page.run("return document.activeElement.textContent") == "AAPL"


def test_what_cannot_be_had_stays_as_it_was_and_words_say_so(page, scripted):
    before = page.run(ROWS)
    scripted.tickers = None
    eventually(lambda: page.run(TEXT, ".tickers-trouble"))
    assert page.run(ROWS) == before
    scripted.tickers = told(ticker("AMD", 1, 1, 1))

    eventually(lambda: page.run(TEXT, ".tickers-trouble") == "")
    assert [row["ticker"] for row in page.run(ROWS)] == ["AMD"]


def test_no_items_are_said_in_words(dashboard, scripted):
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    eventually(lambda: page.run(TEXT, ".no-tickers") == "No items in these hours yet.")


def test_more_than_ten_tickers_are_shown_on_demand(page, scripted):
    names = [f"T{chr(65 + number)}" for number in range(20)]
    scripted.tickers = told(*(ticker(name, 50 - n, 0, 0) for n, name in enumerate(names)))
    eventually(lambda: len(page.run(ROWS)) == 10)
    page.click(".more-tickers")
    eventually(lambda: [row["ticker"] for row in page.run(ROWS)] == names)
    page.click(".more-tickers")
    eventually(lambda: len(page.run(ROWS)) == 10)


def test_nonsense_from_the_service_is_left_out(page, scripted):
    attack = "<img src=x onerror=alert(1)>"
    odd = [None, 3, {}, {"ticker": attack, "total": "x"}, ticker("OK", 1, 1, 1)]
    odd.append(ticker("SUM", 1, 1, 1) | {"total": 99})
    scripted.tickers = told(*odd, topics={attack: 3, "b": "x"})
    eventually(lambda: [row["ticker"] for row in page.run(ROWS)] == ["OK"])
    scripted.opened().send(new_item("harmless", timestamp=utc()))
    page.wait_for_item("harmless")

    assert page.run(TOPICS) == [[attack, "3"]]
    assert page.run("return document.querySelectorAll('main img').length") == 0


def test_on_the_whole_service_a_ticker_is_counted_as_it_was_written(dashboard, service):
    name = "".join(secrets.choice(string.ascii_uppercase) for _ in range(5))
    for sentiment in ("positive", "negative", "negative"):
        for _ in range(4):
            service.put(ticker=name, tags=[name, "chips"], sentiment=sentiment)
    page = dashboard(service.base_url, refreshMs=500)

    def row():
        return next((row for row in page.run(ROWS) if row["ticker"] == name), None)

    seen = eventually(lambda: (found := row()) and found["count"] == "12" and found, 14)
    assert seen["split"] == "4 positive, 0 neutral, 8 negative"
    assert seen["spark"].startswith("12 since ")
    assert seen["change"].startswith("new")
    page.driver.get(f"{service.base_url}?ticker={name}")  # other tests' topics may be larger
    eventually(lambda: page.run(TOPICS) == [["chips", "12"]], 14)
