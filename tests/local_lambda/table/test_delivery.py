"""Tests the delivery of batches: retries, checkpoints and bisection."""

import asyncio
import json

import pytest

from local_lambda.application import EventSourceMapping
from local_lambda.table.delivery import Delivery, InvokeFailed, first_failure


def records(count):
    return [{"dynamodb": {"SequenceNumber": str(number)}} for number in range(count)]


class Function:
    """Returns the given results, or fails; remembers the batches that it got."""

    def __init__(self, *results):
        self.results = list(results)
        self.batches = []
        self.slept_s = []

    async def invoke(self, batch):
        self.batches.append([int(record["dynamodb"]["SequenceNumber"]) for record in batch])
        result = self.results.pop(0) if self.results else None
        if result == "error":
            raise InvokeFailed("no")
        if result is None:
            return b"null"
        return json.dumps({"batchItemFailures": [{"itemIdentifier": result}]}).encode()

    async def sleep(self, seconds):
        self.slept_s.append(seconds)

    def deliver(self, count, **mapping):
        delivery = Delivery(EventSourceMapping("f", "t", **mapping), self.invoke, self.sleep)
        asyncio.run(delivery.deliver(records(count)))
        return self.batches


def test_a_failed_batch_is_retried_whole_with_growing_pauses():
    function = Function("error", "error")
    assert function.deliver(2) == [[0, 1]] * 3
    assert function.slept_s == [0.2, 0.4]


def test_a_reported_failure_is_the_checkpoint():
    assert Function("2", "3").deliver(4, report_item_failures=True) == [[0, 1, 2, 3], [2, 3], [3]]


def test_reports_count_only_when_the_mapping_says_so():
    assert Function("1").deliver(2) == [[0, 1]]


def test_a_batch_is_bisected_until_the_bad_record_is_alone():
    function = Function("error", "error", None, "error")
    assert function.deliver(4, bisect=True) == [[0, 1, 2, 3], [0, 1], [0], [1], [1], [2, 3]]


def test_records_are_given_up_after_the_retries_alone():
    assert Function("error", "error", "error").deliver(1, maximum_retries=2) == [[0]] * 3


@pytest.mark.parametrize(
    ("result", "index"),
    [
        (b"", None),
        (b"null", None),
        (b'{"batchItemFailures": []}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "b"}]}', 1),
        (b'{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', 0),
        (b'{"batchItemFailures": [{"wrong": "a"}]}', 0),
        (b"not json", 0),
    ],
)
def test_a_batch_report_names_the_lowest_failure(result, index):
    assert first_failure(result, ["a", "b", "c"]) == index
