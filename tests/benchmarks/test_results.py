"""Does the page say what was measured, and is everything measured that is promised?"""

import json
import re

import pytest

from benchmarks.page import BEGIN, DOCUMENT, END, generated, not_reached
from benchmarks.plan import FULL
from benchmarks.samples import Samples, exponent, percentile
from benchmarks.wanted import WANTED
from tests.support.paths import ROOT

RESULTS = json.loads((ROOT / "benchmarks/results.json").read_text("utf-8"))
TEXT = DOCUMENT.read_text("utf-8")
# The promises of the project: key, and the largest value that keeps each.
PROMISED = {
    "cold_first_byte_cpu": 0.50,
    "cold_first_data_cpu": 0.50,
    "cold_first_data_cpu_no_bytecode_peer": 0.30,
    "environment_uss": 0.60,
    "event_cpu": 0.50,
    "latency_p50": 0.8,
    "latency_p99": 1.0,
    "first_data_after_next_at_128mb_ms": 250,
    "idle_ms_a_second": 2.5,
    "idle_poll_requests": 1,
    "idle_poll_read_units": 1,
    "streams_1000_kib": 0.5,
    "streams_1000_idle": 2.0,
    "streams_1000_event_cpu": 0.5,
    "streams_1000_spread_ms": 250,
    "open_reads_exponent": 0.1,
    "storm_300_served_s": 15,
}


def test_the_promises_are_these():
    assert {name: each.most for name, each in WANTED.items()} == PROMISED


def test_the_page_shows_the_results():
    _, _, rest = TEXT.partition(BEGIN)
    shown, _, _ = rest.partition(END)

    assert shown.strip() == generated(RESULTS).strip()


def test_each_promise_is_measured_or_its_row_says_so():
    assert set(RESULTS) >= set(PROMISED)
    for name in PROMISED:
        assert f"| `{name}` |" in TEXT


def test_what_is_not_reached_has_a_reason():
    section = TEXT.partition("## What is not reached, and why")[2].partition("\n## ")[0]

    assert set(not_reached(RESULTS)) == set(re.findall(r"^- `(\w+)`", section, re.MULTILINE))


def test_the_whole_bench_has_all_the_numbers_of_the_promises():
    assert 1000 in FULL.streams
    assert FULL.storm_clients == 300
    assert max(FULL.sizes) == 1_000_000
    assert min(FULL.cold_rounds, FULL.latency_rounds, FULL.small_rounds) >= 7


def test_the_pictures_are_there():
    for name in re.findall(r"\((images/[^)]+)\)", TEXT):
        assert (DOCUMENT.parent / name).stat().st_size < 100_000


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_an_exponent_is_found_again(power):
    assert exponent([(x, 3 * x**power) for x in (1, 10, 1000)]) == pytest.approx(power)


def test_a_curve_of_zeros_is_constant():
    assert exponent([(10, 0), (1000, 0)]) == 0


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1, 100)])
def test_a_percentile_is_one_of_the_values(share, value):
    assert percentile(list(range(1, 101)), share) == value


def test_a_ratio_is_the_median_of_pairs():
    samples = Samples()
    for one, other in ((1, 2), (4, 2), (3, 2)):
        samples.note("one", one)
        samples.note("other", other)
    samples.ratio("ratio", "one", "other")

    assert samples.flat()["ratio"] == 1.5
    assert (samples.flat()["ratio_min"], samples.flat()["ratio_max"]) == (0.5, 2)
