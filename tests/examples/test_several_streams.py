"""Serves the readings: many streams in one process, from one source, as managed instances do."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from event_stream import Decoder

from tests.examples.serving import FRONTS, FUNCTION_URL, arrivals, served
from tests.examples.tabs import tab_with

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
STREAMS = 12
OPENED = "readings: the source was opened"


@pytest.fixture(scope="module")
def example():
    with served("several-streams") as running:
        yield running


@pytest.fixture(scope="module")
def faulty():
    with served("several-streams", timeout_s=4, faults="several_streams.py") as running:
        yield running


class Stream:
    """A client that reads as many readings as it is asked for."""

    def __init__(self, url, **headers):
        self._response = requests.get(url, headers=headers, stream=True, timeout=20)
        self._pieces = self._response.iter_content(chunk_size=None)
        self._decoder = Decoder()
        self.status = self._response.status_code

    def read(self, count):
        found = []
        while len(found) < count:
            found += self._decoder.feed(next(self._pieces))
        return [(int(event.id), json.loads(event.data)) for event in found if event.id]

    def close(self):
        self._response.close()


@pytest.fixture
def opened():
    streams = []

    def open_some(count, url, **headers):
        with ThreadPoolExecutor(count) as pool:
            some = list(pool.map(lambda _: Stream(url, **headers), range(count)))
        streams.extend(some)
        return some

    yield open_some
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("front", FRONTS)
def test_many_streams_of_one_process_share_one_source(example, opened, front):
    streams = opened(STREAMS, example.url(front, "readings"))
    with ThreadPoolExecutor(STREAMS) as pool:
        read = list(pool.map(lambda stream: stream.read(3), streams))

    by_number = {}
    for readings in read:
        numbers = [number for number, _ in readings]
        assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]
        for number, data in readings:
            by_number.setdefault(number, set()).add(data["value"])
    assert all(len(values) == 1 for values in by_number.values())
    assert len({data["process"] for readings in read for _, data in readings}) == 1
    assert max(data["streams"] for readings in read for _, data in readings) >= STREAMS
    assert example.log.count(OPENED) == 1


def test_one_that_comes_back_gets_what_it_has_missed(example, opened):
    (stream,) = opened(1, example.url(FUNCTION_URL, "readings"))
    first = stream.read(1)[0][0]
    stream.read(2)

    (again,) = opened(1, example.url(FUNCTION_URL, "readings"), **{"Last-Event-ID": str(first)})
    assert again.read(1)[0][0] == first + 1


def test_a_stream_more_costs_little_memory(example, opened):
    opened(2, example.url(FUNCTION_URL, "readings"))
    before = example.peak_bytes()

    for stream in opened(20, example.url(FUNCTION_URL, "readings")):
        stream.read(1)
    assert example.peak_bytes() - before < 5 * MIB


@pytest.mark.parametrize("front", FRONTS)
def test_the_page_shows_one_process_in_all_its_streams(driver, example, front):
    with tab_with(driver, example.url(front)) as page:
        page.click("#more")
        assert page.violations() == []
        page.wait_for(lambda: page.text("#streams").count("(process ") == 3)
        processes = re.findall(r"process (\d+)", page.text("#streams"))
        assert len({*processes}) == 1
        assert page.complaints() == []


def test_a_source_that_fails_fails_every_stream_and_is_opened_again(faulty):
    url = faulty.url(FUNCTION_URL, "readings")

    assert arrivals(url).status == 502
    with ThreadPoolExecutor(4) as pool:
        arrived = list(pool.map(arrivals, [url] * 4))
    for each in arrived:
        assert each.status == 200
        assert Decoder().feed(each.body)[-1].type == "error"
    faulty.wait_for_log("the source failed midway")

    last = arrivals(url)  # the third time it goes on until the deadline
    assert len(Decoder().feed(last.body)) > 5
    assert last.is_whole
    assert last.body.endswith(b"\n\n")
    assert last.came_apart(times=5, apart_s=0.1)
