"""Tests what many streams in one process cost: threads that wait, and nothing of their requests."""

import gc
import json
import sys
import threading
import weakref
from pathlib import Path

import pytest
from streaming_runtime.frames import apart
from streaming_runtime.plan import Streamed, plan
from streaming_runtime.runtime_api import Invocation

from tests.streaming_runtime.environments import RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi, url_request
from tests.support.waiting import eventually

HANDLER = "tests.streaming_runtime.many.handler"
STREAMS = 200
LARGE_BYTES = 40_000  # so much more of each request would be seen


def request_of(directory, number):
    payload = json.loads(url_request()["body"])
    payload |= {"path": str(Path(directory) / "go on"), "large": "x" * LARGE_BYTES, "n": number}
    return {"body": json.dumps(payload).encode()}


def private_kib(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.once
def test_a_stream_costs_a_thread_and_hardly_more_and_keeps_nothing_of_its_request(tmp_path):
    script = [request_of(tmp_path, number) for number in range(STREAMS)]
    environ = {
        "AWS_LAMBDA_MAX_CONCURRENCY": str(STREAMS),
        "STREAMING_RUNTIME_CONCURRENCY": "threads",
    }
    one = {**environ, "AWS_LAMBDA_MAX_CONCURRENCY": "2"}
    with (
        FakeRuntimeApi([request_of(tmp_path, 0)], hold_next_at=1) as platform,
        RunningEnvironment(platform, HANDLER, tmp_path, **one) as environment,
    ):
        environment.until(lambda: platform.posts and platform.posts[0].pieces)
        alone_kib = private_kib(environment.pid)
    with (
        FakeRuntimeApi(script, hold_next_at=STREAMS) as platform,
        RunningEnvironment(platform, HANDLER, tmp_path, **environ) as environment,
    ):
        environment.until(lambda: sum(bool(post.pieces) for post in platform.posts) == STREAMS)
        together_kib = private_kib(environment.pid)
        (tmp_path / "go on").touch()
        environment.until(lambda: all(post.complete for post in platform.posts))

    kib_a_stream = (together_kib - alone_kib) / STREAMS
    assert kib_a_stream < 45, kib_a_stream  # seen: 30 to 34, of which a bare thread has 23
    assert {post.content for post in platform.posts} == {b"firstlast"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timed
def test_workers_that_wait_for_an_invocation_wake_up_for_nothing(tmp_path):
    """The main thread alone looks for signals now and then."""
    environ = {"AWS_LAMBDA_MAX_CONCURRENCY": "100", "STREAMING_RUNTIME_CONCURRENCY": "threads"}
    with (
        FakeRuntimeApi([], hold_next_at=0) as platform,
        RunningEnvironment(platform, HANDLER, tmp_path, **environ) as environment,
    ):
        environment.until(lambda: len(platform.calls) == 100)
        woken = [voluntary_switches(environment.pid)]
        eventually(lambda: woken.append(voluntary_switches(environment.pid)) or len(woken) > 20)
        assert environment.terminate() == 0

    assert woken[-1] - woken[5] < 30  # each worker woke up five times a second


def voluntary_switches(pid):
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text("ascii")
        total += int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return total


def test_an_invocation_gives_its_body_away_once():
    invocation = Invocation("r", *[None] * 7, b"body")

    assert [invocation.take_body(), invocation.take_body()] == [b"body", b""]


def test_a_prelude_is_given_away_once():
    mode = plan(iter([b"x"]), None, buffered=False)
    assert isinstance(mode, Streamed)
    mode.prelude = b"prelude"

    assert [mode.take_prelude(), mode.take_prelude()] == [b"prelude", b""]


def test_nothing_of_payload_and_context_lives_as_long_as_the_stream(serve):
    alive = []

    class Kept:
        """Stands in the payload, which itself cannot be referred to weakly."""

    def handler(event, context):
        event["kept"] = Kept()
        alive.extend([weakref.ref(event["kept"]), weakref.ref(context)])

        def pieces():
            yield b"first"
            gc.collect()
            yield str([each() for each in alive])

        return {"statusCode": 200, "headers": {"X": "1"}, "body": pieces()}

    (post,) = serve(handler, url_request())

    assert post.content == b"first[None, None]"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_frames_of_a_deep_call_are_given_back():
    """Python's own frames are in mappings of 16 KiB, which only a call apart leaves untouched."""

    def deep(levels):
        return levels if levels == 0 else deep(levels - 1)

    def grown_kib(work):
        go_on, ready = threading.Event(), threading.Semaphore(0)

        def run():
            work()
            ready.release()
            go_on.wait(20)

        threads = [threading.Thread(target=run) for _ in range(50)]
        before = private_kib("self")
        for thread in threads:
            thread.start()
        for _ in threads:
            assert ready.acquire(timeout=20)
        grown = private_kib("self") - before
        go_on.set()
        for thread in threads:
            thread.join(20)
        return grown / len(threads)

    assert apart(deep, 150) == 0
    deep_kib = grown_kib(lambda: deep(150))
    apart_kib = grown_kib(lambda: apart(deep, 150))

    assert apart_kib < deep_kib - 4


def test_what_a_call_apart_raises_comes_out_with_its_frames():
    def fails(value):
        raise LookupError(value)

    with pytest.raises(LookupError, match="x") as raised:
        apart(fails, "x")

    assert raised.traceback[-1].name == "fails"
