"""The listed items and minutes can be taken away: as files that are data, and as a link."""

import csv
import io
import json
from datetime import UTC, datetime
from itertools import pairwise

import event_stream
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selenium.webdriver import ActionChains, Keys

from tests.dashboard.dashboard import Dashboard
from tests.dashboard.scripted import METRICS, Scripted, heartbeat, item, metrics, utc
from tests.support.waiting import eventually

PURE = """
const done = arguments[arguments.length - 1];
import("/static/csv.js").then(({ csv }) => done(csv(arguments[0])));"""
SAVED = """
window.saved = [];
const click = HTMLAnchorElement.prototype.click;
HTMLAnchorElement.prototype.click = function () {
  if (!this.download) return click.call(this);
  const { download } = this;
  saved.push({ download, text: window.made });
};
window.Blob = class extends Blob {
  constructor(parts, options) {
    super(parts, options);
    window.made = parts.join("");
  }
};"""
NO_CLIPBOARD = """
Object.defineProperty(navigator, "clipboard", {
  value: { writeText: () => Promise.reject(new DOMException("no", "NotAllowedError")) },
});"""
CLIPBOARD = """
Object.defineProperty(navigator, "clipboard", {
  value: { writeText: async (text) => { window.copied = text; } },
});"""
SHARE = """
window.shared = [];
navigator.share = async (data) => {
  shared.push(data);
  throw new DOMException("declined", "AbortError");
};"""
SAID = "return document.querySelector('.said').textContent"
RISKY = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def saved_by(page, count=1):
    """Waits for so many files, because their module is loaded with the first press."""
    return eventually(lambda: len(files := page.run("return saved")) == count and files)


def minutes_until(now, known=60):
    """Returns minutes of which the oldest are not known, and the last one is that of `now`."""
    unknown = [None] * (60 - known)
    part = [*unknown, *(number % 4 for number in range(known))]
    return {
        "positive": part,
        "neutral": [n if n is None else 1 for n in part],
        "negative": [n if n is None else 0 for n in part],
        "score_sum": [n if n is None else (n + 1) / 2 for n in part],
    }


@pytest.fixture
def open_page(dashboard, scripted):
    """Opens a page with three items, whose oldest minutes are not known."""
    scripted.items = [
        item("a", ticker="NVDA", tags=["NVDA", 'a "b", c'], timestamp=utc(), score=0.25),
        item("b", ticker="AAPL", tags=["=HYPERLINK(1)"], timestamp=utc(days=1)),
        item("c", ticker="NVDA", sentiment="negative", timestamp=utc(minutes=3)),
    ]
    told = METRICS | {"minutes": minutes_until(utc(), known=40)}
    scripted.polled = told | {"recent_items": scripted.items}
    mine = [one for one in scripted.items if one["ticker"] == "NVDA"]
    scripted.of_ticker = {"NVDA": told | {"recent_items": mine}}
    scripted.beginning = event_stream.encode(retry_ms=1000) + metrics(**told) + heartbeat()

    def open_one(query="", before=""):
        page = dashboard(scripted.url + query, SAVED + before)
        page.wait_for(state="live")
        page.wait_for_item("c")
        return page

    return open_one


@pytest.fixture(scope="module")
def as_csv(driver):
    server = Scripted()
    page = Dashboard(driver, server.url + "blank.html")
    yield lambda rows: page.run_async(PURE, rows)
    page.close()
    server.close()


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
CELLS = TEXTS | st.sampled_from(RISKY) | st.integers(-999, 999) | st.none()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=4))
def test_every_cell_is_read_back_and_none_is_a_formula(as_csv, rows):
    text = as_csv(rows)
    read = list(csv.reader(io.StringIO(text, newline="")))

    assert text.endswith("\r\n")
    assert len(read) == len(rows)
    for cells, written in zip(read, rows, strict=True):
        for cell, value in zip(cells, written, strict=True):
            if isinstance(value, int):
                assert cell == str(value)  # a number stays one, negative or not
            else:
                assert cell.removeprefix("'") == (value or "").removeprefix("'")
                assert not cell or cell[0] not in "=+-@\t\r\n"


def test_the_items_file_holds_the_listed_items(open_page, scripted):
    page = open_page()
    page.click(".items-csv")
    [saved] = saved_by(page)
    rows = rows_of(saved["text"])

    assert [row["item_id"] for row in rows] == page.now["items"] == ["a", "b", "c"]
    assert [row["score"] for row in rows] == ["0.25", "0.5", "0.5"]
    assert rows[0]["tags"] == 'NVDA; a "b", c'
    assert rows[1]["tags"] == "'=HYPERLINK(1)"
    for row, one in zip(rows, scripted.items, strict=True):
        gap = datetime.fromisoformat(row["time_utc"]) - datetime.fromisoformat(one["timestamp"])
        assert row["time_utc"].endswith("Z")
        assert abs(gap.total_seconds()) < 0.002
    assert "3 items saved" in page.run(SAID)


def test_a_filtered_page_gives_filtered_files_that_are_named_for_the_filter(open_page):
    page = open_page("?ticker=nvda&sentiment=negative")
    eventually(lambda: page.now["items"] == ["c"])
    page.click(".items-csv")
    page.click(".minutes-csv")
    items, minutes = saved_by(page, 2)

    assert [row["item_id"] for row in rows_of(items["text"])] == ["c"]
    today = f"{datetime.now(UTC):%Y-%m}"
    assert items["download"].startswith(f"live-sentiment-items-NVDA-negative-{today}")
    assert minutes["download"].startswith(f"live-sentiment-minutes-NVDA-{today}")
    assert items["download"].endswith("Z.csv")


def test_the_minutes_file_has_sixty_minutes_and_unknown_ones_are_empty(open_page):
    page = open_page()
    page.click(".minutes-csv")
    [saved] = saved_by(page)
    rows = rows_of(saved["text"])

    times = [datetime.fromisoformat(row["time_utc"]) for row in rows]
    steps = {(b - a).total_seconds() for a, b in pairwise(times)}
    assert (len(rows), steps) == (60, {60})
    assert abs((datetime.now(UTC) - times[-1]).total_seconds()) < 120
    names = ("positive", "neutral", "negative", "mean_score")
    numbers = [[row[name] for name in names] for row in rows]
    known = next(index for index, cells in enumerate(numbers) if cells != [""] * 4)
    assert known in (19, 20)  # a minute may have turned
    expected = [[str(n % 4), "1", "0", "0.5"] for n in range(40)]
    assert numbers[known : known + 39] == expected[:39]
    told = [row["known"] for row in rows]
    assert set(told[:known]) == {"no"}
    assert (set(told[known:-1]), told[-1]) == ({"whole"}, "so far")


def test_a_file_is_really_saved(open_page, tmp_path):
    page = open_page()
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.driver.refresh()  # without what watches the files
    page.run("delete window.saved")
    page.wait_for_item("c")
    page.run("HTMLAnchorElement.prototype.click = HTMLElement.prototype.click")
    page.click(".items-csv")
    [path] = eventually(lambda: list(tmp_path.glob("*.csv")))

    assert [row["item_id"] for row in rows_of(path.read_bytes().decode("utf-8"))] == ["a", "b", "c"]
    assert page.complaints() == []


def test_the_link_is_copied_with_its_filter_and_words_say_so(open_page, scripted):
    page = open_page("?ticker=nvda&from=mail", CLIPBOARD)
    page.click(".share")

    eventually(lambda: page.run(SAID) == "Link copied")
    assert page.run("return copied") == f"{scripted.url}?from=mail&ticker=NVDA"


def test_where_there_is_a_share_sheet_it_is_asked_and_declining_is_no_error(open_page, scripted):
    page = open_page("?sentiment=negative", SHARE + CLIPBOARD)
    page.click(".share")
    eventually(lambda: page.run("return shared.length") == 1)

    assert page.run("return shared[0].url") == f"{scripted.url}?sentiment=negative"
    assert page.run("return window.copied ?? null") is None


def test_where_nothing_can_be_copied_the_link_stands_selected_in_a_field(open_page, scripted):
    page = open_page("", NO_CLIPBOARD)
    page.run("document.querySelector('.share').focus()")
    page.focus()
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    eventually(lambda: page.run("return document.activeElement.tagName") == "INPUT")

    assert page.run("return getSelection().toString()") == scripted.url
    assert "field" in page.run(SAID)
    assert json.dumps(page.complaints()) == "[]"
