"""Does the page tell the truth about results that are missing, or larger than promised?"""

import pytest

from benchmarks.page import generated, not_reached
from benchmarks.run import results, updated
from benchmarks.samples import Samples
from benchmarks.wanted import WANTED

ABOUT = dict.fromkeys(("date", "commit", "python", "machine", "processor", "boto3"), "1")


@pytest.fixture
def samples():
    """Makes samples in which every promise is kept, just so."""
    made = Samples()
    for name, wanted in WANTED.items():
        made.note(name, wanted.most)
    return made


def row(samples, name):
    page = generated(results(samples, 60, ABOUT))
    (line,) = [line for line in page.splitlines() if f"`{name}` |" in line]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_promise_that_is_just_kept_is_reached(samples):
    assert not_reached(results(samples, 60, ABOUT)) == []
    assert row(samples, "event_cpu")[-1] == "yes"


def test_one_that_is_not_kept_is_not_reached(samples):
    samples.values["event_cpu"] = [0.49, 0.52, 0.53]

    assert not_reached(results(samples, 60, ABOUT)) == ["event_cpu"]
    assert row(samples, "event_cpu")[-2:] == ["0.52 [0.49 to 0.53]", "no"]


def test_one_that_was_not_measured_is_null_and_says_why(samples):
    name = "first_data_after_next_at_128mb_ms"
    del samples.values[name]
    samples.problems[name] = "no control groups here"
    found = results(samples, 60, ABOUT)

    assert found[name] is None
    assert row(samples, name)[-1] == "not measured"
    assert f"- `{name}`: no control groups here" in generated(found)


def test_an_update_keeps_what_other_cases_have_found():
    before = {"cold_ms": 1, "rates_1_ms": 2, "problems": {"rates": "why", "small": "why"}}
    found = {"cold_ms": None, "rates_1_ms": 3, "problems": {}}

    assert updated(before, found, ["rates"]) == {
        "cold_ms": 1,
        "rates_1_ms": 3,
        "problems": {"small": "why"},
    }
