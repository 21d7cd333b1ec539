"""The strip of the last minutes has a mark for each item, on one canvas, 400 at most."""

import pytest

from tests.dashboard.charts_page import ChartPage
from tests.dashboard.scripted import Scripted, item, new_item, utc
from tests.support.waiting import eventually

NOW = 1_800_000_030_000  # 2027-01-15T08:00:30Z
PIXELS = """
const canvas = document.querySelector(".strip");
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
const wanted = arguments[0];
let found = 0;
for (let at = 0; at < data.length; at += 4) {
  const near = wanted.every((value, index) => Math.abs(data[at + index] - value) < 3);
  if (near && data[at + 3] > 250) found += 1;
}
return found;"""
POSITIVE = [0x0F, 0x98, 0xAB]
COUNT_FRAMES = """
window.frames = 0;
const draw = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...given) {
  window.framesDrawn = (window.framesDrawn ?? 0) + 1;
  return draw.apply(this, given);
};"""


@pytest.fixture(scope="module")
def server():
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def page(driver, server):
    page = ChartPage(driver, server, "strip-card")
    yield page
    page.close()


def landed(item_id, ago_s=0.0, **changed):
    seconds = 30 - ago_s
    minute, rest = divmod(seconds, 60)
    hour, minute = divmod(8 * 60 + int(minute), 60)
    at = f"2027-01-15T{hour:02}:{minute:02}:{rest:06.3f}Z"
    return item(item_id, timestamp=at, **changed)


def drawn(page, *items, later_ms=0):
    """Draws these items, newest first, and returns the marks."""
    page.run("strip.draw(...arguments)", list(items), NOW + later_ms)
    return page.run("return strip.dots")


def test_an_item_lands_at_its_time_as_high_as_its_score(page):
    newer = landed("newer", 60, score=0, sentiment="negative")
    older = landed("older", 240, score=1, sentiment="positive")
    first, second = drawn(page, newer, older)
    labels = page.run("return strip.labels")

    assert [(dot["id"], dot["sentiment"]) for dot in (first, second)] == [
        ("older", "positive"),
        ("newer", "negative"),
    ]
    heights = {label["text"]: label["y"] for label in labels if "y" in label}
    assert (first["y"], second["y"]) == (heights["1"], heights["0"])
    width = page.run("return document.querySelector('.strip').clientWidth")
    assert second["x"] - first["x"] == pytest.approx(180 / 300 * width, rel=0.1)
    assert page.run(PIXELS, POSITIVE) > 8


def test_the_labels_are_clock_times_at_their_minutes(page):
    page.run("strip.zone = 'Asia/Kolkata'")
    [dot] = drawn(page, landed("on the minute", 30))
    times = {label["text"]: label["x"] for label in page.run("return strip.labels") if "x" in label}

    assert list(times) == ["13:26", "13:27", "13:28", "13:29", "13:30"]
    assert dot["x"] == pytest.approx(times["13:30"], abs=1)


def test_from_right_to_left_the_newest_is_on_the_left(page):
    items = [landed("newer", 60), landed("older", 240)]
    before = drawn(page, *items)
    page.run("document.documentElement.dir = 'rtl'")
    after = page.run("return strip.dots")

    assert before[0]["x"] < before[1]["x"]
    assert after[0]["x"] > after[1]["x"]


def test_what_is_too_old_or_makes_no_sense_has_no_mark(page):
    dots = drawn(
        page,
        landed("good"),
        landed("old", 301),
        landed("no score", score=None),
        item("no time", timestamp="yesterday"),
    )

    assert [dot["id"] for dot in dots] == ["good"]
    assert drawn(page, later_ms=301_000) == []


def test_a_sentiment_that_nobody_knows_is_drawn_as_neutral(page):
    assert [dot["sentiment"] for dot in drawn(page, landed("odd", sentiment="x y"))] == ["neutral"]


def test_a_score_or_a_time_out_of_range_stays_inside_of_the_strip(page):
    dots = drawn(page, landed("future", -90, score=1e308), landed("deep", score=-5))
    heights = [label["y"] for label in page.run("return strip.labels") if "y" in label]

    assert {dot["y"] for dot in dots} == {min(heights), max(heights)}
    assert max(dot["x"] for dot in dots) <= page.run("return strip.text.width")


def test_of_very_many_items_the_newest_four_hundred_have_marks(page):
    for start in range(0, 600, 50):
        batch = [landed(f"item-{start + index}", 200 - (start + index) / 10) for index in range(50)]
        dots = drawn(page, *reversed(batch))

    assert len(dots) == 400
    assert dots[-1]["id"] == "item-599"


def test_a_few_items_land_with_a_ring_and_many_without(page):
    page.moving().show()
    page.run(COUNT_FRAMES)
    drawn(page, landed("before"))
    page.run("framesDrawn = 0")
    drawn(page, landed("one"))
    eventually(lambda: page.run("return framesDrawn") > 5)
    page.settled()

    drawn(page, *(landed(f"many-{index}") for index in range(20)))
    page.settled()
    page.run("framesDrawn = 0")
    page.settled().settled()
    assert page.run("return framesDrawn") == 0


def test_where_motion_is_unwanted_nothing_moves(page):
    page.show()
    page.run(COUNT_FRAMES)
    drawn(page, landed("before"))
    drawn(page, landed("one"))
    page.run("framesDrawn = 0")
    page.settled().settled()

    assert page.run("return framesDrawn") == 0


def test_another_theme_is_drawn_at_once(page):
    page.show()
    drawn(page, *(landed(f"item-{index}", 20 * index, score=0.5) for index in range(10)))
    before = page.run(PIXELS, POSITIVE)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.cdp("Emulation.setEmulatedMedia", features=dark)

    assert before > 100
    eventually(lambda: page.run(PIXELS, POSITIVE) == 0)
    page.cdp("Emulation.setEmulatedMedia", features=[])


def test_on_the_page_items_of_the_stream_land_and_screen_readers_skip_them(dashboard, scripted):
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    scripted.opened().send(new_item("now", timestamp=utc(), score=0.5, sentiment="positive"))
    page.wait_for_item("now")

    eventually(lambda: page.run(PIXELS, POSITIVE) > 8)
    assert page.run(
        "return document.querySelector('.strip').closest('[aria-hidden=true]') !== null"
    )


def test_a_filter_leaves_the_marks_of_a_ticker_and_a_sentiment(page):
    items = [
        landed(f"{ticker} {sentiment}", ticker=ticker, sentiment=sentiment)
        for ticker in ("AAPL", "NVDA")
        for sentiment in ("negative", "positive")
    ]
    drawn(page, *items)
    page.run("strip.draw([], arguments[0], { ticker: 'NVDA', sentiment: 'negative' })", NOW)
    assert [dot["id"] for dot in page.run("return strip.dots")] == ["NVDA negative"]
    page.run("strip.draw([], arguments[0], { ticker: null, sentiment: 'positive' })", NOW)
    assert [dot["id"] for dot in page.run("return strip.dots")] == [
        "NVDA positive",
        "AAPL positive",
    ]
    assert len(drawn(page)) == 4


NOTHING = {"positive": 0, "neutral": 0, "negative": 0, "scoreSum": 0, "part": False}
HALF = 30_000  # the strip begins and ends in the middle of a minute


@pytest.mark.parametrize(
    ("counts", "until", "expected"),
    [
        ([0, 0, 0, 0, 1, 0], None, []),
        ([1, 0, 0, 0, 1, 0], None, []),  # in the minute where the strip begins, older items went
        (
            [0, 1, 0, 0, 1, 0],
            None,
            [(-5 * 60_000, -4 * 60_000 - HALF), (-4 * 60_000 - HALF, -3 * 60_000 - HALF)],
        ),
        ([0, 0, 0, 0, 2, 0], None, [(-60_000 - HALF, -HALF)]),
        ([0, 0, None, 0, 1, 0], None, [(-3 * 60_000 - HALF, -2 * 60_000 - HALF)]),
        ([0, 0, 0, 0, "part", None], -50_000, [(-50_000, -HALF), (-HALF, 0)]),
    ],
    ids=["all are drawn", "too old", "one is missing", "one of two", "not known", "cut"],
)
def test_times_of_which_not_all_items_are_drawn_are_hatched(page, counts, until, expected):
    columns = [
        None
        if count is None
        else NOTHING | {"part": True, "positive": 1}
        if count == "part"
        else NOTHING | {"positive": count}
        for count in counts
    ]
    minutes = {"first": NOW // 60_000 - 5, "columns": columns, "until": until and NOW + until}
    item_then = landed("drawn", 61, sentiment="positive")
    page.run(
        "strip.draw(arguments[0], arguments[1], { minutes: arguments[2] })",
        [item_then],
        NOW,
        minutes,
    )

    found = [(each["from"] - NOW, each["to"] - NOW) for each in page.run("return strip.gaps")]
    assert found == expected
