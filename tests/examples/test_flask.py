"""Serves the Flask example: it streams, fails well and needs no memory."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from event_stream import Decoder

from tests.examples.serving import FRONTS, arrivals, served
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.once]

FUNCTION_URL = FRONTS[0]
MIB = 1024 * 1024
BEFORE = 7001
MIDWAY = 7002
ENDLESS = 7003
LARGE = 7004
every_front = pytest.mark.parametrize("front", FRONTS)


@pytest.fixture(scope="module")
def example():
    with served("flask") as running:
        yield running


@pytest.fixture(scope="module")
def faulty():
    with served("flask", timeout_s=4, faults="flask_example.py") as running:
        yield running


@every_front
def test_rows_arrive_as_they_are_measured(example, front):
    arrived = arrivals(example.url(front, "rows.csv?count=4"))

    assert arrived.response.headers["Content-Type"] == "text/csv"
    assert arrived.body == b"number,city\n0,Bergen\n1,Cork\n2,Girona\n3,Lyon\n"
    assert arrived.came_apart(times=2, apart_s=0.15)


@every_front
def test_the_head_of_the_page_arrives_before_its_rows(example, front):
    arrived = arrivals(example.url(front))

    assert b"<h1>" in arrived.pieces[0]
    assert arrived.body.endswith(b"</html>")
    assert arrived.came_apart(times=3, apart_s=0.15)


PAINTED_AND_ENDED_MS = """
const [painted] = performance.getEntriesByName("first-contentful-paint");
const [page] = performance.getEntriesByType("navigation");
return [painted.startTime, page.responseEnd];"""


def test_a_browser_shows_the_head_while_the_rows_are_still_coming(example, driver):
    driver.get_log("browser")  # drops the entries of earlier pages
    driver.get(example.url(FUNCTION_URL))

    painted_ms, ended_ms = driver.execute_script(PAINTED_AND_ENDED_MS)
    assert painted_ms < ended_ms - 500
    assert len(driver.find_elements("css selector", "td")) == 12
    assert driver.get_log("browser") == []


@every_front
def test_events_arrive_apart(example, front):
    arrived = arrivals(example.url(front, "events?count=3"))

    types = [event.type for event in Decoder().feed(arrived.body)]
    assert types == ["measured", "measured", "measured", "end"]
    assert arrived.came_apart(times=1, apart_s=0.15)


@every_front
def test_a_wrong_number_is_400(example, front):
    arrived = arrivals(example.url(front, "rows.csv?count=many"))

    assert arrived.status == 400
    assert b"count must be a number" in arrived.body


@every_front
def test_a_source_that_fails_before_the_first_event_is_500(faulty, front):
    seen = len(faulty.log)

    assert arrivals(faulty.url(front, f"events?count={BEFORE}")).status == 500
    faulty.wait_for_log("the source failed before", after=seen)


@every_front
def test_a_source_that_fails_midway_ends_the_stream_and_is_in_the_log(faulty, front):
    seen = len(faulty.log)
    arrived = arrivals(faulty.url(front, f"rows.csv?count={MIDWAY}"))

    assert (arrived.status, arrived.body) == (200, b"number,city\n0,Ulm\n")
    faulty.wait_for_log("the source failed midway", after=seen)


def test_the_deadline_closes_the_source(faulty):
    seen = len(faulty.log)
    urls = [faulty.url(front, f"rows.csv?count={ENDLESS}") for front in FRONTS]
    with ThreadPoolExecutor() as pool:
        arrived = list(pool.map(arrivals, urls))

    assert all(each.body.endswith(b"1,Ulm\n") for each in arrived)
    eventually(lambda: faulty.log.count("Runtime.DeadlineExceeded: the invocation", seen) == 2)
    assert faulty.log.count(f"the source was closed: {ENDLESS}", seen) == 2


def test_30_mb_need_no_memory(faulty):
    arrivals(faulty.url(FUNCTION_URL, "rows.csv?count=1"))
    before = faulty.peak_bytes()

    arrived = arrivals(faulty.url(FUNCTION_URL, f"rows.csv?count={LARGE}"))

    assert len(arrived.body) > 30_000_000
    assert faulty.peak_bytes() - before < 3 * MIB
