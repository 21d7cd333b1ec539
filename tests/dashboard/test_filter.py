"""A click on a ticker or a sentiment filters the whole page, and the address holds the filter."""

import secrets
import string
import threading

import event_stream
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selenium.webdriver import ActionChains, Keys

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import Scripted, heartbeat, item, metrics, new_item, utc
from tests.support.waiting import eventually

SENTIMENTS = ("positive", "neutral", "negative")
SHOWING = "return document.querySelector('.showing').textContent"
TROUBLE = "return document.querySelector('.filter-trouble').textContent"
SEARCH = "return location.search"
PRESSED = (
    "return [...document.querySelectorAll('[aria-pressed=true]')].map((b) => b.textContent.trim())"
)
PURE = """
const done = arguments[arguments.length - 1];
import("/static/filter.js").then(({ filterOf, queryOf, filterWords }) => {
  const filter = filterOf(arguments[0]);
  const query = queryOf(arguments[0], filter);
  done({ filter, query, again: filterOf(query), words: filterWords(filter) });
});"""


def figures(items, minute=59):
    """Returns the figures that count these items, all in one of the last 60 minutes."""
    count = {each: sum(one["sentiment"] == each for one in items) for each in SENTIMENTS}
    zeros = [0] * 60
    minutes = {each: [*zeros[:minute], n, *zeros[minute + 1 :]] for each, n in count.items()}
    score = sum(one["score"] for one in items)
    minutes["score_sum"] = [*map(float, zeros[:minute]), score, *map(float, zeros[minute + 1 :])]
    by_tag = {}
    for tag in (tag for one in items for tag in one["tags"]):
        by_tag[tag] = by_tag.get(tag, 0) + 1
    total = {"total": len(items), "rate_last_hour": len(items), "rate_last_24h": len(items)}
    return count | total | {"minutes": minutes, "by_tag": by_tag}


def some_items():
    names = ["NVDA", "AAPL", "NVDA", "TSLA", "NVDA", "AAPL"]
    return [
        item(
            f"item-{number}",
            ticker=ticker,
            tags=[ticker, "chips" if ticker == "NVDA" else "other"],
            sentiment=SENTIMENTS[number % 3],
            timestamp=utc(),
        )
        for number, ticker in enumerate(names)
    ]


@pytest.fixture
def world(scripted):
    """Serves items of three tickers, and figures that count them."""
    items = some_items()
    scripted.items = items

    def of(ticker):
        mine = [each for each in scripted.items if ticker in (None, each["ticker"])]
        return figures(mine) | {"recent_items": mine[:20]}

    scripted.polled = lambda: of(None)
    scripted.of_ticker = {name: lambda name=name: of(name) for name in ("NVDA", "AAPL", "TSLA")}
    scripted.beginning = event_stream.encode(retry_ms=1000) + metrics(**of(None)) + heartbeat()
    scripted.of = of
    return scripted


def shown(page, world, ticker, sentiment=None):
    """Waits until the page shows what a recount of the items gives."""
    mine = [each for each in world.items if ticker in (None, each["ticker"])]
    listed = [each["item_id"] for each in mine if sentiment in (None, each["sentiment"])]
    counted = {each: sum(one["sentiment"] == each for one in mine) for each in SENTIMENTS}
    fields = counted | {"total": len(listed), "rate_last_hour": len(listed)}

    def seen():
        now = page.now
        figures_shown = {name: now["fields"][name] for name in fields}
        return now["items"], figures_shown

    expected = (listed, {name: str(value) for name, value in fields.items()})
    try:
        return eventually(lambda: seen() == expected)
    except AssertionError as error:
        raise AssertionError(f"{seen()} is not {expected}") from error


def press(page, *keys):
    page.focus()
    ActionChains(page.driver).send_keys(*keys).perform()


@pytest.fixture(scope="module")
def read_query(driver):
    """Returns what an address's query means."""
    server = Scripted()
    page = Dashboard(driver, server.url + "blank.html")
    yield lambda query: page.run_async(PURE, query)
    page.close()
    server.close()


@pytest.mark.parametrize(
    ("query", "ticker", "sentiment", "kept"),
    [
        ("?ticker=NVDA&sentiment=negative", "NVDA", "negative", "?ticker=NVDA&sentiment=negative"),
        ("?ticker=nvda&sentiment=Positive", "NVDA", "positive", "?ticker=NVDA&sentiment=positive"),
        ("?ticker=TOOLONG&sentiment=angry", None, None, ""),
        ("?ticker=NVDA%2CAMD", None, None, ""),
        ("?ticker=stra%C3%9F", None, None, ""),
        ("?ticker=", None, None, ""),
        ("?utm=a%20b&ticker=A&x", "A", None, "?utm=a%20b&x&ticker=A"),
        ("?ticker=A&ticker=B", "A", None, "?ticker=A"),
        ("", None, None, ""),
    ],
)
def test_what_an_address_asks_for(read_query, query, ticker, sentiment, kept):
    read = read_query(query)

    assert read["filter"] == {"ticker": ticker, "sentiment": sentiment}
    assert read["query"] == kept


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_address_is_too_odd(read_query, query):
    read = read_query(f"?{query}&ticker=nvda")

    assert read["again"] == read["filter"]
    assert read["filter"]["sentiment"] in (None, *SENTIMENTS)


def test_clicks_filter_the_whole_page_and_back_undoes_them(dashboard, world):
    page = dashboard(world.url + "?ref=mail")
    page.wait_for(state="live")
    shown(page, world, None)
    page.click(".newest .items li:first-child .pick")
    shown(page, world, "NVDA")
    assert page.run(SHOWING) == "Showing NVDA"
    assert page.run(SEARCH) == "?ref=mail&ticker=NVDA"
    topics = "return [...document.querySelectorAll('.tags .name')].map((n) => n.textContent)"
    eventually(lambda: page.run(topics) == ["chips"])
    page.click(".cell [data-sentiment=negative]")
    shown(page, world, "NVDA", "negative")
    assert page.run(SHOWING) == "Showing NVDA, negative"
    assert page.run(SEARCH) == "?ref=mail&ticker=NVDA&sentiment=negative"
    assert page.run(PRESSED) == ["Negative"]
    assert "all sentiments" in page.run(
        "return document.querySelector('.topics-words').textContent"
    )

    page.run("history.back()")
    shown(page, world, "NVDA")
    page.run("history.back()")
    shown(page, world, None)
    assert (page.run(SHOWING), page.run(PRESSED)) == ("Showing all items", [])
    page.run("history.forward()")
    shown(page, world, "NVDA")
    page.click(".clear-filter")
    shown(page, world, None)
    assert page.run(SEARCH) == "?ref=mail"
    assert page.complaints() == []


def test_an_address_with_a_filter_shows_it_at_once_and_nonsense_shows_all(dashboard, world):
    page = dashboard(world.url + "?ticker=aapl&sentiment=neutral")
    shown(page, world, "AAPL", "neutral")
    assert page.run(SHOWING) == "Showing AAPL, neutral"
    page.driver.get(world.url + "?ticker=%3Cb%3E&sentiment=angry")
    shown(page, world, None)


def test_new_items_of_the_ticker_are_shown_at_once_and_bring_new_figures(dashboard, world):
    page = dashboard(world.url + "?ticker=NVDA", filterPollMs=300)
    page.wait_for(state="live")
    shown(page, world, "NVDA")
    asked = len(world.asked_for("/api/v2/metrics?ticker"))
    others = [item(f"more-{n}", ticker="TSLA", tags=["TSLA"], timestamp=utc()) for n in range(3)]
    world.items = [*others, *world.items]
    world.opened().send(*(new_item(**one) for one in map(as_arguments, others)))
    world.opened().send(metrics(**world.of(None)))
    page.run_async("setTimeout(arguments[0], 400)")  # longer than a poll would take to come
    shown(page, world, "NVDA")
    assert len(world.asked_for("/api/v2/metrics?ticker")) == asked  # no item, no poll

    mine = item("mine", ticker="NVDA", tags=["NVDA"], timestamp=utc())
    world.items = [mine, *world.items]
    world.opened().send(new_item(**as_arguments(mine)))
    page.wait_for_item("mine")
    shown(page, world, "NVDA")


def as_arguments(one):
    return {key: value for key, value in one.items() if key != "source_id"}


def test_a_quiet_ticker_is_asked_for_anew_after_a_while(dashboard, world):
    page = dashboard(world.url + "?ticker=NVDA", refreshMs=500)
    shown(page, world, "NVDA")
    world.items = [item("missed", ticker="NVDA", tags=["NVDA"], timestamp=utc()), *world.items]

    shown(page, world, "NVDA")


def test_when_the_stream_is_back_the_ticker_is_asked_for_what_came_meanwhile(dashboard, world):
    page = dashboard(world.url + "?ticker=NVDA", filterPollMs=100, firstRetryMs=50)
    shown(page, world, "NVDA")
    world.items = [item("missed", ticker="NVDA", tags=["NVDA"], timestamp=utc()), *world.items]
    world.opened().cut()
    world.opened(2)

    shown(page, world, "NVDA")


def test_figures_that_cannot_be_had_stand_still_and_words_say_so(dashboard, world):
    page = dashboard(world.url + "?ticker=NVDA", filterPollMs=300, refreshMs=300)
    shown(page, world, "NVDA")
    now_served = world.of_ticker.pop("NVDA")
    eventually(lambda: page.run(TROUBLE))
    assert "NVDA" in page.run(TROUBLE)
    shown(page, world, "NVDA")
    world.of_ticker["NVDA"] = now_served
    eventually(lambda: page.run(TROUBLE) == "")


def test_a_response_that_comes_after_the_filter_has_changed_is_dropped(dashboard, world):
    go_on = threading.Event()
    late = world.of_ticker["NVDA"]
    world.of_ticker["NVDA"] = lambda: go_on.wait(10) and late()
    page = dashboard(world.url + "?ticker=NVDA")
    eventually(lambda: world.asked_for("/api/v2/metrics?ticker=NVDA"))
    page.run("history.pushState(null, '', '?ticker=TSLA'); dispatchEvent(new Event('popstate'))")
    shown(page, world, "TSLA")
    go_on.set()
    page.run_async("setTimeout(arguments[0], 300)")

    shown(page, world, "TSLA")


def test_the_filter_works_by_keys_alone_and_the_focus_is_never_lost(dashboard, world):
    focused = "return document.activeElement.textContent.trim()"
    page = dashboard(world.url)
    page.wait_for(state="live")
    shown(page, world, None)
    page.run("document.querySelector('.cell [data-sentiment=positive]').focus()")
    press(page, Keys.SPACE)
    shown(page, world, None, "positive")
    assert page.run(focused) == "Positive"
    press(page, Keys.SPACE)
    shown(page, world, None)
    page.run("document.querySelector('.newest .items').focus()")
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    shown(page, world, "AAPL")
    assert page.run("return document.activeElement !== document.body")
    page.run("document.querySelector('.clear-filter').focus()")
    press(page, Keys.ENTER)
    shown(page, world, None)
    eventually(lambda: page.run(focused) == "Share link")


def test_on_the_whole_service_filtered_figures_are_a_recount_of_what_was_written(
    dashboard, service
):
    name = "".join(secrets.choice(string.ascii_uppercase) for _ in range(5))
    written = [
        service.put(ticker=name, tags=[name, "chips"], sentiment=sentiment)
        for sentiment in ("positive", "negative", "negative", "neutral", "negative")
    ]
    service.put(ticker="OTHER", tags=["OTHER"])
    page = dashboard(f"{service.base_url}/?ticker={name.lower()}", filterPollMs=300)
    page.wait_for(state="live", within_s=30)
    expected = {"positive": 1, "neutral": 1, "negative": 3, "total": 5, "rate_last_hour": 5}
    eventually(lambda: {each: page.number(each) for each in expected} == expected, 20)
    assert set(page.now["items"]) == set(written)
    page.click(".cell [data-sentiment=negative]")
    eventually(lambda: (page.number("total"), len(page.now["items"])) == (3, 3))

    more = service.put(ticker=name, tags=[name], sentiment="negative")
    page.wait_for_item(more, within_s=10)
    eventually(lambda: page.number("total") == 4)
    assert page.complaints() == []
