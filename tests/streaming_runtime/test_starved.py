"""Real processes that lack memory, descriptors, threads or room: the next invocation is served.

Lambda kills a process that uses up its memory, with SIGKILL. A process that is told so by an error
(MemoryError, EMFILE) goes on.
"""

import json
import random

import pytest

from tests.streaming_runtime.environments import RunningEnvironment
from tests.streaming_runtime.starved import asks_for, asks_over_http
from tests.support.fake_runtime_api import FakeRuntimeApi

HANDLER = "tests.streaming_runtime.starved.handler"


@pytest.fixture
def served(tmp_path):
    """Returns a function that has a process serve this script, to the platform's end."""

    def run(*script, **environ):
        with FakeRuntimeApi(script) as platform:
            with RunningEnvironment(platform, HANDLER, tmp_path, **environ) as environment:
                status = environment.ended()
            return platform.posts, environment, status

    return run


def test_memory_that_runs_out_is_an_error_of_that_invocation(served):
    posts, environment, _ = served(
        asks_for("spend_memory"),
        asks_for("be_fine"),
        asks_for("raise_memory_error"),
        asks_over_http("spend_memory_in_a_stream"),
        asks_for("be_fine"),
    )

    assert [post.kind for post in posts] == ["error", "response", "error", "response", "response"]
    assert [posts[at].error["errorType"] for at in (0, 2)] == ["MemoryError"] * 2
    assert posts[3].content == b"begun\n"
    assert posts[3].complete  # with trailers: the client's connection ends cleanly
    assert "MemoryError" in posts[3].trailers["lambda-runtime-function-error-type"]
    assert json.loads(posts[4].body) == "fine"
    assert "MemoryError" in environment.out + environment.err


def test_what_the_runtime_cannot_write_is_an_error_and_the_next_is_served(served):
    posts, _, _ = served(asks_for("return_too_deep"), asks_for("be_fine"))

    assert [post.kind for post in posts] == ["error", "response"]


USED_UP = {
    "descriptors, but for a few": (asks_for("open_files", spared=3), "response"),
    "descriptors, to the last": (asks_for("open_files", spared=0), "response"),
    "threads": (asks_for("start_threads"), "error"),
    "room in /tmp": (asks_for("write_to_tmp"), "error"),
}


@pytest.mark.parametrize("name", USED_UP)
def test_what_is_used_up_fails_nothing_but_the_invocations_that_need_it(served, name):
    entry, kind = USED_UP[name]
    posts, environment, _ = served(entry, asks_for("close_files"), asks_for("be_fine"))

    assert [post.kind for post in posts] == [kind, "response", "response"], environment.err
    assert json.loads(posts[2].body) == "fine"


def test_a_stream_that_gets_no_descriptor_costs_its_invocation_and_no_more(served):
    """A streamed response has a connection of its own; the one for all else is open already."""
    posts, _, _ = served(
        asks_over_http("open_files", spared=0), asks_for("close_files"), asks_for("be_fine")
    )

    assert json.loads(posts[-1].body) == "fine"
    assert json.loads(posts[-2].body) == "closed"


def test_a_tmp_that_is_read_only_is_no_matter_of_the_runtime(served):
    posts, _, _ = served(asks_for("be_fine"), TMPDIR="/proc/self")

    assert json.loads(posts[0].body) == "fine"


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_byte_the_platform_has_whole_chunks_or_an_unfinished_response(served, seed):
    dice = random.Random(seed)
    pieces = dice.randrange(0, 20)
    size = dice.choice([1, 100, 70_000])
    posts, _, status = served(asks_over_http("die_after", pieces=pieces, size=size))

    assert status != 0
    assert len(posts) == (1 if pieces else 0)
    for post in posts:  # never a response that looks whole
        assert not post.complete
        assert set(post.content) <= set(b"x")
        assert len(post.content) <= pieces * size
