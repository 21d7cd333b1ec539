"""Items a minute: one scale for labels, gridlines and columns, gaps for unknown minutes, values."""

import itertools
from datetime import UTC, datetime

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.dashboard.axe import AXE, RUN_AXE
from tests.dashboard.charts_page import ChartPage, minute
from tests.dashboard.screens import shown_as
from tests.dashboard.scripted import Scripted, beginning, metrics
from tests.support.waiting import eventually

FIRST = int(datetime(2026, 11, 30, 2, 20, tzinfo=UTC).timestamp()) // 60  # 21:20 in New York
SENTIMENTS = ("positive", "neutral", "negative")
SIZES = ("phone", "tablet", "desk", "wall")
PX = 2


@pytest.fixture(scope="module")
def page(driver):
    server = Scripted()
    page = ChartPage(driver, server)
    yield page
    page.close()
    server.close()


@pytest.fixture(autouse=True)
def anew(page):
    page.show().run("document.documentElement.dir = ''; document.activeElement?.blur()")


def hour(most=24):
    """Returns 60 known minutes, the busiest with `most` items."""
    columns = []
    for index in range(60):
        items = round(most * (60 - index) / 60)
        positive, neutral = items // 2, items // 3
        columns.append(minute(positive, neutral, items - positive - neutral, index / 59))
    return columns


def of_kind(parts, kind):
    return [part for part in parts if kind in part["kind"].split()]


def number(text):
    scale = {"K": 1e3, "M": 1e6, "B": 1e9}.get(text[-1], 1)
    return float(text.rstrip("KMB").replace(",", "")) * scale


def near(value):
    return pytest.approx(value, abs=PX)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("most", [1, 24, 1_600, 120_000, 1_200_000])
def test_labels_gridlines_and_columns_agree(page, size, direction, most):
    with shown_as(page, size):
        page.run("document.documentElement.dir = arguments[0]", direction)
        page.settled().draw(FIRST, hour(most))
        drawn = page.settled().drawn

    lines = [line for line in drawn["lines"] if "time" not in line["kind"]]
    counts = of_kind(drawn["labels"], "count")
    scores = of_kind(drawn["labels"], "score")
    for label, line in zip(counts, lines, strict=True):
        assert label["y"] == near(line["y"])
    for label, line in zip(scores, lines, strict=True):
        assert label["y"] == near(line["y"])
    times = of_kind(drawn["labels"], "time")
    for label, line in zip(times, of_kind(drawn["lines"], "time"), strict=True):
        assert label["x"] == near(line["x"])
    for one, other in itertools.pairwise(sorted(times, key=lambda label: label["x"])):
        assert one["right"] + 4 < other["left"]

    values = [number(label["text"]) for label in counts]
    assert values[0] == 0
    assert values[-1] >= most
    assert [float(label["text"]) for label in scores][:: len(scores) - 1] == [0, 1]
    plot = drawn["plot"]
    for label in counts + scores:
        assert plot["left"] - PX <= label["left"]
        assert label["right"] <= plot["right"] + PX

    base, end = lines[0]["y"], lines[-1]["y"]
    for index in (0, 20, 40):
        bars = drawn["bars"][index]
        column = hour(most)[index]
        assert [bar["kind"] for bar in bars] == list(SENTIMENTS)
        reached = 0
        for bar, sentiment in zip(bars, SENTIMENTS, strict=True):
            assert bar["bottom"] == near(base + (end - base) * reached / values[-1])
            reached += column[sentiment]
            assert bar["top"] == near(base + (end - base) * reached / values[-1])
    starts = [column[0]["x"] for column in drawn["bars"]]
    assert starts == sorted(starts, reverse=direction == "rtl")
    assert (counts[0]["x"] > scores[0]["x"]) == (direction == "rtl")


@pytest.mark.parametrize(
    ("most", "longest"),
    [(1, "4"), (1_600, "1,600"), (120_000, "120,000"), (1_200_000, "1.2M"), (10**9, "1B")],
)
def test_counts_have_round_labels(page, most, longest):
    labels = of_kind(page.draw(FIRST, hour(most))["labels"], "count")
    texts = [label["text"] for label in labels]

    assert longest in texts or number(texts[-1]) > most
    assert len({number(text) for text in texts}) == len(texts)
    step = number(texts[1])
    assert [number(text) for text in texts] == pytest.approx(
        [step * index for index in range(len(texts))]
    )
    assert float(f"{step:.1e}") == pytest.approx(step)  # two digits, and then zeros


@pytest.mark.parametrize(
    ("zone", "at", "words", "clock"),
    [
        ("America/New_York", "2026-11-30T02:20Z", "Times: New York, UTC\N{MINUS SIGN}5", "21:30"),
        ("America/New_York", "2026-07-30T02:20Z", "Times: New York, UTC\N{MINUS SIGN}4", "22:30"),
        ("Asia/Kolkata", "2026-11-30T02:20Z", "Times: Kolkata, UTC+5:30", "08:00"),
        ("Asia/Kathmandu", "2026-11-30T02:20Z", "Times: Kathmandu, UTC+5:45", "08:15"),
        ("UTC", "2026-11-30T02:20Z", "Times: UTC", "02:30"),
        ("Europe/London", "2026-11-30T02:20Z", "Times: London, UTC", "02:30"),
        (
            "America/New_York",
            "2026-11-01T05:30Z",
            "Times: New York, UTC\N{MINUS SIGN}4, from 01:00 on UTC\N{MINUS SIGN}5",
            "01:15",
        ),
        (
            "Europe/Berlin",
            "2027-03-28T00:30Z",
            "Times: Berlin, UTC+1, from 03:00 on UTC+2",
            "03:15",
        ),
    ],
)
def test_times_are_the_visitors_and_whole(page, zone, at, words, clock):
    first = int(datetime.fromisoformat(at).timestamp()) // 60
    drawn = page.draw(first, hour(), timeZone=zone)
    texts = [label["text"] for label in of_kind(drawn["labels"], "time")]

    assert drawn["zone"] == words
    assert clock in texts
    assert all(int(text[-2:]) % 5 == 0 for text in texts)


def test_the_zone_of_the_browser_is_the_visitors(page):
    page.cdp("Emulation.setTimezoneOverride", timezoneId="Australia/Adelaide")
    drawn = page.draw(FIRST, hour(), timeZone=None)
    page.cdp("Emulation.setTimezoneOverride", timezoneId="")

    assert drawn["zone"] == "Times: Adelaide, UTC+10:30"
    assert "12:55" in [label["text"] for label in of_kind(drawn["labels"], "time")]


def test_minutes_that_are_not_known_are_gaps_and_no_zeros(page):
    columns = hour()
    columns[20:24] = [None] * 4
    columns[24] = minute(2, part=True)
    drawn = page.draw(FIRST, columns)
    gap, part = drawn["gaps"]

    assert (gap["kind"], part["kind"]) == ("gap", "gap part")
    assert all(drawn["bars"][index] == [] for index in range(20, 24))
    assert gap["left"] == near(drawn["bars"][19][0]["right"])
    assert gap["right"] == near(drawn["bars"][24][0]["left"])
    assert drawn["bars"][24][0]["top"] < drawn["bars"][24][0]["bottom"]
    assert drawn["words"].endswith("5 minutes not fully known")
    assert drawn["mean"].count("M") == 2  # the line stops and begins again


def test_after_a_cut_nothing_is_drawn_and_words_say_since_when(page):
    cut = [*hour()[:57], minute(3, part=True), None, None]
    drawn = page.draw(FIRST, cut, until=(FIRST + 57) * 60_000 + 20_000)

    assert drawn["words"] == "peak 24 at 21:20, not known since 22:17"
    assert page.press(Keys.END) == "22:19: not known"
    assert page.drawn["reading"] == ["22:19", "not known"]
    assert page.press(Keys.PAGE_UP, Keys.ARROW_LEFT, Keys.ARROW_LEFT) == (
        "22:17: 3 items, 3 positive, 0 neutral, 0 negative, mean score 0.50, known in part"
    )


@pytest.mark.parametrize(
    ("columns", "options", "nothing", "words"),
    [
        (None, {}, "Not known yet", "not known yet"),
        ([None] * 60, {}, "Not known yet", "not known yet"),
        ([minute()] * 60, {}, "No items in this hour", "0 this minute so far"),
        (
            [minute(3)] * 60,
            {"sentiment": "negative"},
            "No negative items in this hour",
            "0 negative this minute so far",
        ),
        (
            [None] * 30 + [minute()] * 30,
            {},
            "No items in the minutes that are known",
            "0 this minute so far, 30 minutes not known",
        ),
        ([minute()] * 59 + [minute(1)], {}, "", "1 this minute so far"),
        (
            [minute()] * 58 + [minute(neutral=1), minute()],
            {},
            "",
            "0 this minute so far, peak 1 at 22:18",
        ),
    ],
)
def test_an_hour_without_columns_says_why(page, columns, options, nothing, words):
    if columns is None:
        page.run("columns.draw(null)")
        drawn = page.drawn
    else:
        drawn = page.draw(FIRST, columns, **options)

    assert (drawn["nothing"], drawn["words"]) == (nothing, words)


def spoken(column, clock, caution=""):
    total = sum(column[each] for each in SENTIMENTS)
    score = f", mean score {column['scoreSum'] / total:.2f}" if total else ""
    split = ", ".join(f"{column[each]:,} {each}" for each in SENTIMENTS)
    return f"{clock}: {total:,} {'item' if total == 1 else 'items'}, {split}{score}{caution}"


def test_arrow_keys_say_every_minute_exactly(page):
    columns = [minute(index * 40, index % 3, index % 2, index / 61) for index in range(60)]
    page.draw(FIRST, columns)
    said = [page.press(Keys.HOME), *(page.press(Keys.ARROW_RIGHT) for _ in range(59))]

    clocks = [f"{21 + (20 + index) // 60}:{(20 + index) % 60:02}" for index in range(60)]
    cautions = [""] * 59 + [", so far"]
    expected = zip(columns, clocks, cautions, strict=True)
    assert said == [spoken(*each) for each in expected]


def test_keys_move_by_one_by_ten_to_the_ends_and_leave(page):
    page.draw(FIRST, hour())
    steps = [
        (Keys.END, "22:19"),
        (Keys.ARROW_RIGHT, "22:19"),
        (Keys.ARROW_LEFT, "22:18"),
        (Keys.PAGE_DOWN, "22:08"),
        (Keys.PAGE_UP, "22:18"),
        (Keys.HOME, "21:20"),
        (Keys.PAGE_DOWN, "21:20"),
        (Keys.ARROW_RIGHT, "21:21"),
    ]
    for key, clock in steps:
        assert page.press(key).startswith(f"{clock}: ")
        assert page.drawn["reading"][0].startswith(clock)
    page.press(Keys.ESCAPE)
    assert page.drawn["reading"] is None
    assert page.press(Keys.ARROW_LEFT).startswith("22:19: ")


def test_from_right_to_left_the_right_key_goes_back_in_time(page):
    page.run("document.documentElement.dir = 'rtl'")
    page.draw(FIRST, hour())

    assert page.press(Keys.END, Keys.ARROW_RIGHT).startswith("22:18: ")


def test_the_chosen_minute_stays_the_same_while_time_passes(page):
    columns = hour()
    page.draw(FIRST, columns)
    before = page.press(Keys.END, *[Keys.ARROW_LEFT] * 7)
    x = page.drawn["cross"]["x"]
    page.draw(FIRST + 5, columns[5:] + [minute(1)] * 5)

    assert before.startswith("22:12: ")
    assert page.said == before
    assert page.drawn["reading"][0] == "22:12"
    assert page.drawn["cross"]["x"] < x
    page.draw(FIRST + 53, [minute(1)] * 60)
    assert page.drawn["reading"] is None  # older than the hour


def test_the_current_minute_is_said_when_asked_and_not_with_each_item(page):
    page.draw(FIRST, [*hour()[:59], minute(1)])
    said = page.press(Keys.END)
    page.draw(FIRST, [*hour()[:59], minute(2)])

    assert page.said == said
    assert page.drawn["reading"][0] == "22:19, so far"
    assert page.drawn["reading"][1] == "2 items"
    page.draw(FIRST + 1, [*hour()[1:59], minute(3), minute()])
    assert page.said == spoken(minute(3), "22:19")


def test_the_pointer_reads_the_column_under_it(page):
    page.draw(FIRST, hour())
    chart = page.driver.find_element("css selector", ".series")
    bars, plot = page.drawn["bars"], page.drawn["plot"]
    for index in (3, 30, 57):
        away = bars[index][0]["x"] - plot["x"]
        ActionChains(page.driver).move_to_element_with_offset(chart, round(away), 0).perform()
        clock = f"{21 + (20 + index) // 60}:{(20 + index) % 60:02}"
        assert page.drawn["reading"][0] == clock
        assert page.drawn["cross"]["x"] == near(bars[index][0]["x"])
    ActionChains(page.driver).move_by_offset(0, 400).perform()
    eventually(lambda: page.drawn["reading"] is None)


def touch(page, kind, *points):
    touches = [{"x": x, "y": y} for x, y in points]
    page.cdp("Input.dispatchTouchEvent", type=kind, touchPoints=touches)


def test_a_finger_reads_by_tap_and_drag(page):
    page.draw(FIRST, hour())
    drawn = page.drawn
    y = drawn["plot"]["y"]
    at = [(column[0]["x"], y) for column in drawn["bars"]]
    page.cdp("Emulation.setTouchEmulationEnabled", enabled=True)
    touch(page, "touchStart", at[10])
    touch(page, "touchEnd")
    eventually(lambda: (page.drawn["reading"] or [""])[0] == "21:30")
    touch(page, "touchStart", at[10])
    for index in range(12, 41, 2):
        touch(page, "touchMove", at[index])
    touch(page, "touchEnd")
    eventually(lambda: page.drawn["reading"][0] == "22:00")
    page.cdp("Emulation.setTouchEmulationEnabled", enabled=False)

    assert page.said.startswith("22:00: ")


def test_the_box_stays_inside_of_the_chart(page):
    box = """
      const { left, right } = document.querySelector(".reading .box").getBoundingClientRect();
      return [left, right];"""
    for size, direction in itertools.product(("phone", "desk"), ("ltr", "rtl")):
        with shown_as(page, size):
            page.run("document.documentElement.dir = arguments[0]", direction)
            page.settled().draw(FIRST, hour(1_200_000))
            for key in (Keys.HOME, Keys.PAGE_UP, Keys.PAGE_UP, Keys.PAGE_UP, Keys.END):
                page.press(key)
                left, right = page.run(box)
                plot = page.drawn["plot"]
                assert plot["left"] <= left
                assert right <= plot["right"], (size, direction, key)


@pytest.mark.parametrize("sentiment", SENTIMENTS)
def test_a_filter_leaves_one_sentiment(page, sentiment):
    columns = [minute(4, 3, 2) for _ in range(60)]
    drawn = page.draw(FIRST, columns, sentiment=sentiment)
    count = columns[0][sentiment]

    heights = {bar["kind"]: bar["bottom"] - bar["top"] for bar in drawn["bars"][5]}
    assert [kind for kind, height in heights.items() if height] == [sentiment]
    assert drawn["mean"] == ""
    assert of_kind(drawn["labels"], "score") == []
    assert page.press(Keys.HOME) == f"21:20: {count} {sentiment} items"
    assert page.drawn["reading"] == ["21:20", f"{count} {sentiment}"]
    assert drawn["words"].startswith(f"{count} {sentiment} this minute so far, peak {count}")
    shown = """return [...document.querySelectorAll(".legend li")]
      .filter((key) => key.checkVisibility()).map((key) => key.textContent.trim());"""
    assert page.run(shown) == [sentiment, "not known"]


TABLE = """
return [...document.querySelectorAll(".as-table tr")]
  .map((row) => [...row.children].map((cell) => cell.textContent));"""


def test_the_table_holds_the_same_figures_while_it_is_open(page):
    columns = hour()
    columns[10] = None
    page.draw(FIRST, columns)
    assert page.run(TABLE) == []
    page.click(".as-table summary")
    head, *rows = eventually(lambda: page.run(TABLE), 10)

    assert head == ["Time", "Items", "positive", "neutral", "negative", "Mean score"]
    assert len(rows) == 60
    assert rows[0][0] == "22:19"
    assert rows[0][1].endswith(" (so far)")
    assert rows[49] == ["21:30", "not known"]
    column = columns[0]
    split = [str(column[each]) for each in SENTIMENTS]
    assert rows[59] == ["21:20", "24", *split, "0.00"]
    columns[10] = minute(5, mean=0.25)
    page.draw(FIRST + 1, [*columns[1:], minute(7)])
    rows = page.run(TABLE)[1:]
    assert len(rows) == 60
    assert rows[0] == ["22:20", "7 (so far)", "7", "0", "0", "0.50"]
    assert rows[50] == ["21:30", "5", "5", "0", "0", "0.25"]
    page.draw(FIRST, columns, sentiment="neutral")
    assert page.run(TABLE)[0] == ["Time", "neutral"]
    page.click(".as-table summary")


def test_nothing_is_touched_when_nothing_has_changed(page):
    columns = hour()
    page.draw(FIRST, columns)
    page.run("""
      window.touched = 0;
      const count = (changes) => { touched += changes.length; };
      const everything =
        { subtree: true, childList: true, attributes: true, characterData: true };
      new MutationObserver(count).observe(document.body, everything);""")
    page.draw(FIRST, columns)
    page.settled()
    assert page.run("return touched") == 0
    columns[59] = minute(9, 9, 1)
    page.draw(FIRST, columns)
    page.settled()
    assert 0 < page.run("return touched") < 20


def test_the_place_of_the_chart_is_kept_before_it_is_drawn(page):
    height = "return document.querySelector('.rate-card').getBoundingClientRect().height"
    for size in ("phone", "desk"):
        with shown_as(page, size):
            page.settled().run("columns.draw(null)")
            before = page.settled().run(height)
            page.draw(FIRST, [minute(1)] * 60)
            assert page.settled().run(height) == before


def test_axe_finds_nothing_in_any_state_of_the_chart(page):
    page.run(AXE.read_text("utf-8"))
    states = [
        (hour(), {}),
        ([None] * 60, {}),
        ([minute()] * 60, {}),
        (hour(), {"sentiment": "negative"}),
    ]
    ours = "return document.querySelector('.rate-card').outerHTML.includes(arguments[0])"
    for columns, options in states:
        page.draw(FIRST, columns, **options)
        page.press(Keys.END)
        page.run("document.querySelector('.as-table').open = true")
        found = page.run_async(RUN_AXE)
        page.run("document.querySelector('.as-table').open = false")

        assert found["looked_at"] > 20
        wrong = [
            node
            for rule in found["violations"] + found["undecided"]
            for node in rule["nodes"]
            if page.run(ours, node.split(">")[0])
        ]
        assert wrong == []


def test_on_the_page_the_minutes_of_the_stream_are_drawn(dashboard, scripted):
    told = {
        "positive": [4] * 60,
        "neutral": [2] * 60,
        "negative": [0] * 60,
        "score_sum": [3.0] * 60,
    }
    for each in told.values():
        each[50:55] = [None] * 5
    scripted.beginning = beginning() + metrics(minutes=told)
    page = dashboard(scripted.url)
    page.wait_for(state="live")
    bars = "return document.querySelectorAll('.bars rect').length"
    eventually(lambda: page.run(bars) == 55 * 3)

    assert page.run("return document.querySelectorAll('.gaps rect').length") == 1
    chart = page.driver.find_element("css selector", ".reader")
    chart.send_keys(Keys.HOME)
    said = page.run("return document.querySelector('.reader').getAttribute('aria-valuetext')")
    assert said.endswith(": 6 items, 4 positive, 2 neutral, 0 negative, mean score 0.50")


def test_on_paper_the_whole_drawing_is_scaled(page):
    page.draw(FIRST, hour())
    box = "return document.querySelector('.series').getAttribute('viewBox')"
    size = "return [columns.text.width, columns.text.height]"
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert [float(number) for number in page.run(box).split()] == [0, 0, *page.run(size)]
    page.run("dispatchEvent(new Event('afterprint'))")
    assert page.run(box) is None
