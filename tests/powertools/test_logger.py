"""Logger around streams: keys, correlation ids and buffered records to the end."""

import pytest

from tests.powertools import payloads

SAMPLED = f"Root=ROOT;Parent={'a' * 16};Sampled=1"


@pytest.fixture
def invoke(ours):
    """Returns a function that invokes one case of handlers/decorators.py."""

    def invoke(case, **headers):
        return ours("decorators.handler", payloads.url("/", headers=headers, case=case))

    return invoke


def test_the_keys_of_an_invocation_are_on_all_records_of_its_stream(invoke):
    for tenant in ("a", "b"):
        answer = invoke("logged", id=f"id-{tenant}", tenant=tenant)
        first, last = answer.records
        request_id = answer.post.path.split("/")[1]

        for record in (first, last):
            assert record["tenant"] == tenant
            assert record["correlation_id"] == f"id-{tenant}"
            assert record["function_request_id"] == request_id
            assert record["function_name"] == "f"
        assert "piece" not in first
        assert (last["piece"], last["safe"]) == (2, "s")


def test_a_whole_response_logs_as_under_the_stock_client(invoke, stock):
    theirs = stock("decorators.handler", payloads.url("/", case="logged_whole"))
    [expected] = theirs.records
    [record] = invoke("logged_whole").records
    varying = {"timestamp", "function_request_id", "cold_start", "xray_trace_id"}

    assert record.keys() == expected.keys()
    assert {name: record[name] for name in record.keys() - varying} == {
        name: expected[name] for name in expected.keys() - varying
    }


def test_a_handler_that_is_a_generator_logs_with_its_keys(invoke):
    answer = invoke("logged_generator")
    [record] = answer.records

    assert record["function_request_id"] == answer.post.path.split("/")[1]


def test_an_exception_in_the_stream_is_logged_with_its_stack(invoke):
    [record] = invoke("logged_failing").records

    assert (record["message"], record["exception_name"]) == ("failed", "KeyError")


def test_keys_of_a_block_end_with_the_block(invoke):
    inside, outside = invoke("logged_context_keys").records

    assert inside["part"] == "p"
    assert "part" not in outside


def test_the_event_is_logged_before_the_stream(ours):
    payload = payloads.url("/", headers={"tenant": "t"}, case="logged")
    answer = ours("decorators.handler", payload, {"POWERTOOLS_LOGGER_LOG_EVENT": "true"})

    assert [record["message"] for record in answer.records[1:]] == ["first", "last"]


@pytest.mark.parametrize(
    ("case", "messages"),
    [
        ("buffered_failing", ["in the handler", "in the stream"]),
        ("buffered", []),
        ("buffered_error", ["in the handler", "an error"]),
        ("buffered_by_hand", ["in the handler"]),
        ("buffered_async", ["in the handler", "an error"]),
    ],
)
def test_buffered_records_are_kept_to_the_streams_end(case, messages, ours):
    for _ in range(2):
        answer = ours("decorators.handler", payloads.url("/", case=case), trace=SAMPLED)

        assert [record["message"] for record in answer.records] == messages
        assert answer.post.content == b"one"


def test_logger_tracer_metrics_and_a_route_work_together(ours):
    for _ in range(2):
        payload = payloads.url("/all", case="all_of_them")
        answer = ours("decorators.handler", payload, trace=SAMPLED)
        records = [record for record in answer.records if "level" in record]
        [line] = [line for line in answer.metrics if "Piece" in line]

        assert answer.post.content == b"0 1 2 "
        assert [record["number"] for record in records] == [0, 1, 2]
        assert line["Piece"] == [1.0, 1.0, 1.0]
        assert line["Handled"] == [1.0]
        assert {"## all_of_them", "## stream"} < set(answer.subsegments)
