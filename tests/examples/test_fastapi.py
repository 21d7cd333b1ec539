"""Serves the FastAPI example: each of its ways streams, fails well and needs no memory."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from event_stream import Decoder

from tests.examples.serving import FRONTS, arrivals, served
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.once]

FUNCTION_URL, REST_API = FRONTS
MIB = 1024 * 1024
WAYS = ("text", "fastapi", "starlette")
every_front = pytest.mark.parametrize("front", FRONTS)
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def example():
    with served("fastapi") as running:
        yield running


@pytest.fixture(scope="module")
def faulty():
    with served("fastapi", timeout_s=4, faults="fastapi_example.py") as running:
        yield running


def events_of(arrived):
    return Decoder().feed(arrived.body)


@every_front
def test_the_story_arrives_a_word_at_a_time(example, front):
    arrived = arrivals(example.url(front, "story"))

    assert arrived.body.startswith(b"It was a dark")
    assert arrived.came_apart(times=6, apart_s=0.15)


@every_front
def test_the_progress_of_a_job_arrives_step_by_step(example, front):
    arrived = arrivals(example.url(front, "jobs/tiny"))

    *progress, end = events_of(arrived)
    assert [json.loads(event.data)["done"] for event in progress] == [1, 2, 3]
    assert end.type == "end"
    assert arrived.came_apart(times=1, apart_s=0.15)


@every_front
def test_a_browser_that_comes_again_gets_the_rest(example, front):
    url = example.url(front, "jobs/report")
    arrived = arrivals(url, headers={"Last-Event-ID": "8"})

    assert [event.id for event in events_of(arrived) if event.type == "progress"] == ["9", "10"]


@every_front
def test_the_clock_ticks(example, front):
    arrived = arrivals(example.url(front, "clock?ticks=3"))

    assert [event.data for event in events_of(arrived)] == ["0", "1", "2", "done"]
    assert arrived.came_apart(times=1, apart_s=0.15)


@every_front
def test_an_unknown_job_is_404(example, front):
    assert arrivals(example.url(front, "jobs/none")).status == 404


@every_front
def test_the_page_shows_all_three_as_they_come(example, front, driver):
    def text(name):
        return driver.find_element("id", name).text

    driver.get_log("browser")  # drops the entries of earlier pages
    driver.get(example.url(front))

    story = eventually(lambda: text("story"))
    assert not story.endswith("torrents.")
    steps = eventually(lambda: text("job-state"))
    assert not steps.endswith("(ended)")
    eventually(lambda: text("story").endswith("torrents."))
    eventually(lambda: text("job-state") == "10 of 10 (ended)")
    eventually(lambda: text("clock") == "9 (ended)")
    assert driver.find_element("id", "job").get_property("value") == 1
    assert driver.get_log("browser") == []


@every_front
@every_way
def test_a_source_that_fails_at_once_is_502(faulty, front, way):
    assert arrivals(faulty.url(front, f"{way}/before")).status == 502


@every_front
@every_way
def test_a_source_that_fails_midway_ends_the_stream_and_is_in_the_log(faulty, front, way):
    seen = len(faulty.log)
    arrived = arrivals(faulty.url(front, f"{way}/midway"))

    assert arrived.status == 200
    assert b"first" in arrived.body
    assert b"last" not in arrived.body
    faulty.wait_for_log("the source failed midway", after=seen)


def test_the_deadline_closes_every_source_and_is_told_to_who_asks(faulty):
    seen = len(faulty.log)
    urls = [
        faulty.url(FUNCTION_URL, "text/endless"),
        faulty.url(REST_API, "fastapi/endless"),
        faulty.url(FUNCTION_URL, "starlette/silent"),
        faulty.url(REST_API, "until-disconnected"),
    ]
    with ThreadPoolExecutor() as pool:
        arrived = list(pool.map(arrivals, urls))

    assert [b"first" in each.body for each in arrived] == [True, True, True, False]
    assert arrived[3].body.startswith(b"moremore")
    assert not any(b"last" in each.body for each in arrived)
    eventually(lambda: faulty.log.count("Runtime.DeadlineExceeded: the invocation", seen) == 4)
    assert faulty.log.count("the source was closed: endless", seen) == 2
    assert faulty.log.count("the source was closed: silent", seen) == 1
    assert faulty.log.count("the application saw the end", seen) == 1


@every_way
def test_30_mb_need_no_memory(faulty, way):
    arrivals(faulty.url(FUNCTION_URL, f"{way}/small"))
    before = faulty.peak_bytes()

    arrived = arrivals(faulty.url(FUNCTION_URL, f"{way}/large"))

    assert len(arrived.body) > 30_000_000
    assert b"last" in arrived.body[-100:]
    assert faulty.peak_bytes() - before < 3 * MIB
