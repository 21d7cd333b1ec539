"""The strip of the last minutes has a dot for each item, drawn once a frame, and 400 at most."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.dashboard.scripted import new_item
from tests.support.waiting import eventually

DOTS = """
return [...document.querySelectorAll(".strip g path")].map((dot) => {
  const [x, y] = dot.getAttribute("d").match(/-?[\\d.]+/g).map(Number);
  const { e } = dot.parentElement.transform.baseVal[0].matrix;
  return { x: x + e, y, sentiment: dot.classList[0], landing: dot.classList.contains("landing") };
});"""
WORDS = "return document.querySelector('.strip-words').textContent"


def landed(item_id, ago_s=0.0, **changed):
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    return new_item(item_id, timestamp=at.isoformat(timespec="milliseconds"), **changed)


@pytest.fixture
def page(dashboard, scripted):
    opened = dashboard(scripted.url)
    opened.wait_for(state="live")
    return opened


def test_an_item_lands_at_its_time_as_high_as_its_score(page, scripted):
    scripted.opened().send(
        landed("older", 150, score=1, sentiment="positive"),
        landed("newer", 30, score=0, sentiment="negative"),
    )
    older, newer = eventually(lambda: dots if len(dots := page.run(DOTS)) == 2 else None)

    assert older["x"] == pytest.approx(150, abs=10)  # 300 seconds long
    assert newer["x"] == pytest.approx(270, abs=10)
    assert older["y"] < newer["y"]
    assert (older["sentiment"], newer["sentiment"]) == ("positive", "negative")
    assert page.run(WORDS) == "2 in the last 5 minutes, mean score 0.50"


def test_what_is_too_old_or_makes_no_sense_has_no_dot(page, scripted):
    scripted.opened().send(
        landed("old", 301),
        landed("no score", score=None),
        new_item("no time", timestamp="yesterday"),
        landed("good"),
    )
    page.wait_for_item("good")

    assert len(page.run(DOTS)) == 1
    page.run("const later = Date.now() + 301_000; Date.now = () => later")
    eventually(lambda: page.run(DOTS) == [])
    assert page.run(WORDS) == "nothing in the last 5 minutes"


def test_a_sentiment_that_nobody_knows_is_drawn_as_neutral(page, scripted):
    scripted.opened().send(landed("odd", sentiment="x y landing"))

    assert [dot["sentiment"] for dot in eventually(lambda: page.run(DOTS))] == ["neutral"]


def test_a_burst_is_drawn_once_a_frame_and_leaves_no_more_than_four_hundred(page, scripted):
    page.run("""
      const ground = document.querySelector(".strip g"), set = ground.setAttribute.bind(ground);
      window.drawn = 0;
      ground.setAttribute = (...given) => (window.drawn++, set(...given));""")
    for start in range(0, 600, 50):
        scripted.opened().send(b"".join(landed(f"burst-{start + index}") for index in range(50)))
        page.wait_for_item(f"burst-{start + 49}")

    assert len(page.run(DOTS)) == 400
    assert page.run("return drawn") < 200


def test_it_is_nothing_for_a_screen_reader_and_still_where_motion_is_unwanted(page, scripted):
    scripted.opened().send(landed("first"))
    page.wait_for_item("first")
    scripted.opened().send(landed("second"))
    page.wait_for_item("second")

    assert page.run(
        "return document.querySelector('.strip').closest('[aria-hidden=true]') !== null"
    )
    assert [dot["landing"] for dot in page.run(DOTS)] == [False, True]
