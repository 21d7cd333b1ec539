"""Tests how a handler that is an object is made ready before the first invocation."""

import json

import pytest

from tests.streaming_runtime import started
from tests.streaming_runtime.environments import RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi

pytestmark = pytest.mark.once
HANDLER = "tests.streaming_runtime.started.handler"
SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


def served(directory, many=1, **environ):
    """Serves `many` invocations, one for each worker. Returns the results that they had."""
    with (
        FakeRuntimeApi([{}] * many, hold_next_at=many) as platform,
        RunningEnvironment(platform, HANDLER, directory, **environ) as environment,
    ):
        environment.until(lambda: len([p for p in platform.posts if p.complete]) == many)
        assert environment.terminate() == 0
    return [json.loads(post.body) for post in platform.posts]


def test_a_handler_is_started_once_before_the_first_invocation(tmp_path):
    (result,) = served(tmp_path)

    assert result["starts"] == [[result["pid"], False]]


@pytest.mark.parametrize("mode", ["processes", "shared"])
def test_each_forked_worker_starts_its_handler_itself(mode, tmp_path):
    results = served(
        tmp_path, 2, AWS_LAMBDA_MAX_CONCURRENCY="2", STREAMING_RUNTIME_CONCURRENCY=mode
    )

    assert all(result["starts"] == [[result["pid"], False]] for result in results)
    if mode == "processes":
        assert all(result["made_in"] == result["pid"] for result in results)
    else:
        assert {result["made_in"] for result in results}.isdisjoint(r["pid"] for r in results)


def test_threads_share_one_start_and_it_says_so(tmp_path):
    results = served(
        tmp_path, 2, AWS_LAMBDA_MAX_CONCURRENCY="2", STREAMING_RUNTIME_CONCURRENCY="threads"
    )

    assert all(result["starts"] == [[result["pid"], True]] for result in results)


@pytest.mark.parametrize(
    ("environ", "path", "status"),
    [({}, "init/error", 1), (SNAP_START, "restore/error", 65)],
)
def test_a_start_that_fails_is_a_failed_init(environ, path, status, tmp_path):
    with (
        FakeRuntimeApi([{}]) as platform,
        RunningEnvironment(platform, HANDLER, tmp_path, FAILS="no table", **environ) as environment,
    ):
        assert environment.ended() == status

    (post,) = platform.posts
    assert post.path == path
    assert post.error["errorType"] == "ConnectionError"
    assert post.error["errorMessage"] == "no table"


def test_after_a_snapshot_the_start_waits_for_the_restore(tmp_path):
    """Connections that it opened before would be dead in every copy of the snapshot."""
    with (
        FakeRuntimeApi([{}]) as platform,
        RunningEnvironment(platform, HANDLER, tmp_path, **SNAP_START) as environment,
    ):
        assert environment.ended() == 1

    assert platform.calls[:2] == [("GET", "restore/next"), ("GET", "invocation/next")]
    assert len(json.loads(platform.posts[0].body)["starts"]) == 1
    assert started.handler.starts == []
