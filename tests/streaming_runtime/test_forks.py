"""Tests processes that the function's own code forks: they are none of the runtime's."""

import json

import pytest

from tests.streaming_runtime.environments import RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi, url_request

KINDS = {
    "alone": {},
    "processes": {"AWS_LAMBDA_MAX_CONCURRENCY": "2"},
    "shared": {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "STREAMING_RUNTIME_CONCURRENCY": "shared"},
    "threads": {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "STREAMING_RUNTIME_CONCURRENCY": "threads"},
}
RESULTS = {
    "terminate": -15,
    "terminate_from_a_thread": -15,
    "terminate_many_at_once": [-15],
    "sigterm_of_the_child": 0,  # SIG_DFL
    "come_back": {"child": 0},
    "exit_in_the_child": {"child": 5},
    "raise_in_the_child": {"child": 1},
}
STREAMS = {"goes on": 0, "exits": 5, "raises": 1}


def asked(do, **fields):
    event = json.loads(url_request()["body"])
    return {"body": json.dumps({**event, "do": do, **fields}).encode()}


class Life:
    """One environment that serves everything once. `posts` are in the order of the requests."""

    def __init__(self, directory, environ):
        script = [asked(do) for do in RESULTS]
        script += [asked("fork_in_the_stream", child=child) for child in STREAMS]
        many = len(script)
        with (
            FakeRuntimeApi(script, hold_next_at=many) as platform,
            RunningEnvironment(
                platform, "tests.streaming_runtime.forking.handler", directory, **environ
            ) as environment,
        ):
            environment.until(lambda: sum(post.complete for post in platform.posts) >= many)
            self.status = environment.terminate()
            self.output = environment.out + environment.err
        self.paths = sorted(post.path for post in platform.posts)
        by_path = {post.path.split("/")[1]: post for post in platform.posts}
        posts = [by_path[f"request-{number}"] for number in range(1, many + 1)]
        self.results = dict(zip(RESULTS, posts, strict=False))
        self.streams = dict(zip(STREAMS, posts[len(RESULTS) :], strict=True))


@pytest.fixture(scope="module", params=KINDS)
def life(request, tmp_path_factory):
    return Life(tmp_path_factory.mktemp(request.param), KINDS[request.param])


@pytest.mark.parametrize("do", RESULTS)
def test_a_child_ends_as_it_would_anywhere(life, do):
    assert json.loads(life.results[do].body) == RESULTS[do]


def test_a_child_that_is_terminated_says_nothing(life):
    assert "Shutdown" not in life.output
    assert life.status == 0


def test_a_child_that_leaves_the_handler_does_not_answer_for_its_parent(life):
    assert len(life.paths) == len(set(life.paths)) == len(RESULTS) + len(STREAMS)
    assert life.output.count("runtime.fork_returned") == 2  # one by returning, one by yielding
    assert life.output.count("LookupError: of the child") == 2


@pytest.mark.parametrize("child", STREAMS)
def test_a_child_that_is_forked_in_a_stream_writes_nothing_into_it(life, child):
    assert life.streams[child].content.decode() == f"first\n{STREAMS[child]}\n"
    assert life.streams[child].trailers == {}
    assert "asked again" not in life.output
