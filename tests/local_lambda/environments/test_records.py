"""The ring of the last invocations."""

from dataclasses import replace

import pytest

from local_lambda.environments.records import Record, Records

ONE = Record(
    function="A", request_id="1", pid=7, started_at_s=1.0, duration_ms=12.34, memory_mb=128
)


def test_the_newest_record_comes_first_and_the_oldest_is_forgotten():
    records = Records(limit=2)
    for number in range(3):
        records.add(replace(ONE, request_id=str(number)))
    assert [each.request_id for each in records.latest()] == ["2", "1"]
    assert records.find("0") is None
    assert records.find("1").function == "A"


def test_records_are_found_by_function():
    records = Records()
    records.add(ONE)
    records.add(replace(ONE, function="B"))
    assert [each.function for each in records.latest("B")] == ["B"]


def test_a_subscriber_gets_each_record_until_it_leaves():
    records = Records()
    seen = []
    leave = records.subscribe(seen.append)
    records.add(ONE)
    leave()
    records.add(ONE)
    assert seen == [ONE]


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "billed_ms"),
    [(12.0, None, 12), (12.01, None, 13), (1.5, 100.5, 102), (1.5, 100.6, 103), (0.1, 0.2, 1)],
)
def test_the_init_phase_is_billed_and_parts_of_a_millisecond_count_whole(
    duration_ms, init_ms, billed_ms
):
    record = replace(ONE, duration_ms=duration_ms, init_ms=init_ms)
    assert record.billed_ms == billed_ms
    assert record.describe()["billed_ms"] == billed_ms
