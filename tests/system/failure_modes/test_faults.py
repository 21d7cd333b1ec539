"""Tests that the alarms of docs/faults.md go off in an outage, even if there is one viewer."""

import pytest

from local_lambda.template.cloudformation import load
from tests.support.fakes import TableError
from tests.support.paths import ROOT

CALL_TIMEOUT_S = 2  # for a poll, if nothing replies
LONGEST_RETRY_S = 15  # contract.md: until a stream that could not open is tried again
PAGE_POLLS_EVERY_S = 11  # 5 (timings.js), and 6 until the function gives up a table that hangs
MINUTE_S = 60


@pytest.fixture(scope="module")
def threshold():
    """Returns a function that tells an alarm's threshold, and asserts that it takes a minute."""
    resources = load((ROOT / "template.yaml").read_text("utf-8"))["Resources"]

    def of(alarm, metric):
        properties = resources[alarm]["Properties"]
        queries = [each["MetricStat"] for each in properties.get("Metrics", ()) if len(each) > 2]
        watched = [(each["Metric"]["MetricName"], each["Period"]) for each in queries]
        watched = watched or [(properties["MetricName"], properties["Period"])]
        assert set(watched) == {(metric, MINUTE_S)}
        assert properties["EvaluationPeriods"] == 1
        return properties["Threshold"]

    return of


def failing_after(seconds, clock):
    def meddle(number, name, call):
        clock.advance(seconds)
        raise TableError("InternalServerError")

    return meddle


def counted(documents, metric):
    return sum(sum(each.get(metric, [])) for each in documents)


@pytest.mark.parametrize("call_s", [0, CALL_TIMEOUT_S])
def test_one_open_stream_is_enough_for_the_alarm_of_polls(
    make_service, clock, emitted, threshold, call_s
):
    service = make_service(lease_s=10_000)
    stream = service.stream()
    stream.pull(3)
    emitted()
    service.table._meddle = failing_after(call_s, clock)
    until_s = clock() + MINUTE_S
    while clock() < until_s:
        stream.pull()

    assert counted(emitted(), "PollErrors") > threshold("PollErrorsAlarm", "PollErrors")


def test_one_viewer_who_returns_is_enough_for_the_alarm_of_streams_that_cannot_open(
    service, clock, emitted, threshold
):
    service.table._meddle = failing_after(0, clock)
    for _ in range(MINUTE_S // LONGEST_RETRY_S):
        service.stream().drain()

    told = counted(emitted(), "StreamsUnavailable")
    assert told > threshold("UnavailableAlarm", "StreamsUnavailable")


def test_one_page_that_polls_is_enough_for_the_alarm_of_the_api(service, emitted, threshold, clock):
    service.table._meddle = failing_after(0, clock)
    for _ in range(MINUTE_S // PAGE_POLLS_EVERY_S):
        assert service.api("GET", "/api/v2/metrics").status == 503

    assert counted(emitted(), "RequestsFailed") > threshold("ApiOutageAlarm", "RequestsFailed")
