"""Tests whether an ordinary function sees only its own request when several run at once."""

import json

import pytest

from tests.streaming_runtime.environments import RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi

REQUESTS = 300
WORKERS = 4


def request_of(number):
    """Returns a request of a Function URL in which the client says its number."""
    http = {"method": "GET", "path": "/mine", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    event = {
        "version": "2.0",
        "rawPath": "/mine",
        "headers": {"x-mine": str(number)},
        "requestContext": {
            "http": http,
            "domainName": "abc.lambda-url.us-east-1.on.aws",
            "stage": "$default",
        },
    }
    return {
        "body": json.dumps(event).encode(),
        "headers": {"Lambda-Runtime-Trace-Id": f"Root={number}"},
    }


def records_in(out):
    """Yields the JSON objects in what several processes have written without waiting in turn."""
    start = out.find("{")
    while start >= 0:
        record, end = json.JSONDecoder().raw_decode(out, start)
        yield record
        start = out.find("{", end)


class Seen:
    """Counts in which places 300 requests saw the data of another."""

    def __init__(self, posts, out):
        self.processes = set()
        self.foreign = dict.fromkeys(
            ["event", "global", "variable", "trace", "request_id", "key", "dimension"], 0
        )
        for post in posts:
            number = post.path.split("/")[1].removeprefix("request-")
            own = json.loads(post.content)
            self.processes.add(own.pop("pid"))
            own["trace"] = (own["trace"] or "").removeprefix("Root=")
            for name, value in own.items():
                self.foreign[name] += value != number
        records = list(records_in(out))
        self.lines = [each for each in records if each.get("message") == "seen"]
        for line in self.lines:
            truly = line["truly"]
            self.foreign["request_id"] += line["function_request_id"] != f"request-{truly}"
            self.foreign["key"] += line.get("mine") != truly
        metrics = [each for each in records if "_aws" in each]
        self.foreign["dimension"] = REQUESTS - len({each["mine"] for each in metrics})


def seen_by(mode, directory, function="ordinary"):
    script = [request_of(number) for number in range(1, REQUESTS + 1)]
    environ = {"AWS_LAMBDA_MAX_CONCURRENCY": str(WORKERS), "POWERTOOLS_LOG_LEVEL": "INFO"}
    if mode:
        environ["STREAMING_RUNTIME_CONCURRENCY"] = mode
    with (
        FakeRuntimeApi(script, hold_next_at=REQUESTS) as platform,
        RunningEnvironment(
            platform, f"tests.streaming_runtime.{function}.handler", directory, **environ
        ) as environment,
    ):
        environment.until(lambda: sum(post.complete for post in platform.posts) == REQUESTS)
        assert environment.terminate() == 0
        return Seen(platform.posts, environment.out)


@pytest.mark.parametrize("mode", ["", "processes", "shared"])
def test_in_processes_300_requests_see_nothing_of_each_other(mode, tmp_path):
    seen = seen_by(mode, tmp_path)

    assert len(seen.processes) == WORKERS
    assert len(seen.lines) == REQUESTS
    assert set(seen.foreign.values()) == {0}, seen.foreign


def test_in_threads_an_ordinary_function_sees_the_data_of_others_in_each_place(tmp_path):
    seen = seen_by("threads", tmp_path)

    assert len(seen.processes) == 1
    assert min(seen.foreign.values()) > REQUESTS / 30, seen.foreign


def test_code_that_is_written_for_threads_sees_nothing_of_others_there(tmp_path):
    seen = seen_by("threads", tmp_path, function="careful")

    assert len(seen.processes) == 1
    assert len(seen.lines) == REQUESTS
    assert set(seen.foreign.values()) == {0}, seen.foreign
