"""Serves the CSV export: streams, fails well, and needs no memory for what it sends."""

import pytest

from tests.examples.serving import FRONTS, FUNCTION_URL, arrivals, served

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def example():
    with served("csv-export") as running:
        yield running


@pytest.fixture(scope="module")
def faulty():
    with served("csv-export", timeout_s=3, faults="csv_export.py") as running:
        yield running


every_front = pytest.mark.parametrize("front", FRONTS)


def test_100_mb_arrive_whole_and_the_function_stays_as_small_as_it_was(example):
    arrivals(example.url(FUNCTION_URL, "orders.csv?rows=10000"))
    before = example.peak_bytes()

    arrived = arrivals(example.url(FUNCTION_URL, "orders.csv"))

    assert len(arrived.body) > 95_000_000
    assert arrived.body.endswith(b"\r\n# rows: 1000000\r\n")
    assert example.peak_bytes() - before < 2 * MIB


@every_front
def test_a_browser_saves_it_as_a_file(example, front):
    arrived = arrivals(example.url(front, "orders.csv?rows=2000"))

    assert arrived.status == 200
    assert arrived.response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "orders.csv" in arrived.response.headers["Content-Disposition"]
    assert arrived.body.count(b"\r\n") == 2002


@every_front
def test_a_wrong_number_is_400(example, front):
    arrived = arrivals(example.url(front, "orders.csv?rows=many"))

    assert (arrived.status, arrived.body[:4]) == (400, b"rows")


@every_front
def test_rows_arrive_as_the_source_has_them(faulty, front):
    arrived = arrivals(faulty.url(front, "orders.csv?rows=4"))

    assert arrived.came_apart(times=3, apart_s=0.15)
    assert arrived.body.endswith(b"# rows: 4000\r\n")


@every_front
def test_a_source_that_fails_at_once_is_502(faulty, front):
    assert arrivals(faulty.url(front, "orders.csv?rows=1")).status == 502


@every_front
def test_a_source_that_fails_midway_leaves_a_file_without_its_last_line(faulty, front):
    seen = len(faulty.log)
    arrived = arrivals(faulty.url(front, "orders.csv?rows=2"))

    assert arrived.status == 200
    assert arrived.body.startswith(b"order_id,")
    assert b"# rows" not in arrived.body
    faulty.wait_for_log("the source failed midway", after=seen)


@every_front
def test_the_deadline_ends_the_file_with_a_whole_row_and_without_its_last_line(faulty, front):
    arrived = arrivals(faulty.url(front, "orders.csv?rows=3"))

    assert arrived.body.endswith(b"\r\n")
    assert b"# rows" not in arrived.body
    assert arrived.at_s[-1] < 3
