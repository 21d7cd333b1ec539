"""Tests an ASGI application in a real execution environment, from its start to its end."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.lambda_streaming.asgi.handlers import BACKGROUND_S
from tests.support.fake_runtime_api import HELD, FakeRuntimeApi, url_request
from tests.support.paths import ROOT
from tests.support.processes import process_state
from tests.support.waiting import eventually

pytestmark = pytest.mark.once
BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
THREADS = {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "STREAMING_RUNTIME_CONCURRENCY": "threads"}


class Environment:
    """A process with the runtime in it, and all that it has written."""

    def __init__(self, platform, directory, **environ):
        self._output = directory / "output"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [BOOTSTRAP],
                env={
                    "PATH": os.environ["PATH"],
                    "AWS_LAMBDA_RUNTIME_API": platform.address,
                    "AWS_REGION": "us-east-1",
                    "AWS_LAMBDA_LOG_FORMAT": "JSON",
                    "_HANDLER": "tests.lambda_streaming.asgi.handlers.handler",
                    "LAMBDA_TASK_ROOT": str(ROOT),
                    "STREAMING_RUNTIME_PYTHON": sys.executable,
                    **environ,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def output(self):
        return self._output.read_text("utf-8", "replace")

    def notes(self):
        lines = self.output.splitlines()
        return [line.removeprefix("note: ") for line in lines if line.startswith("note: ")]

    def until(self, holds):
        def look():
            value = holds()
            assert value or self.process.poll() is None, self.output
            return value

        return eventually(look, within_s=20)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextlib.contextmanager
def running(directory, *paths, verdicts=None, timeout_ms=30_000, environ=None):
    """Gives platform and environment. The platform holds the /next after the last request."""
    script = [{**url_request(path=path), "timeout_ms": timeout_ms} for path in paths]
    with FakeRuntimeApi(script, verdicts, hold_next_at=len(paths)) as platform:
        environment = Environment(platform, directory, **(environ or {}))
        try:
            yield platform, environment
        finally:
            environment.process.kill()
            environment.process.wait(20)


def test_an_application_streams_and_stops_with_its_environment(tmp_path):
    with running(tmp_path, "/streamed", "/loop_id") as (platform, environment):
        environment.until(platform.held.is_set)
        assert environment.terminate() == 0
        first, second = platform.posts

        assert first.content == b"0 1 2 3 4 "
        assert first.pieces[-5:] == [b"0 ", b"1 ", b"2 ", b"3 ", b"4 "]
        assert first.prelude["headers"]["content-type"] == "text/plain; charset=utf-8"
        assert environment.notes() == [f"up in {second.content.decode()}", "open", "closed", "down"]
        assert platform.calls[0] == ("GET", "invocation/next")


def test_what_an_application_logs_has_the_id_of_its_invocation(tmp_path):
    with running(tmp_path, "/streamed") as (platform, environment):
        environment.until(platform.held.is_set)
        (line,) = [line for line in environment.output.splitlines() if "in the application" in line]

    assert '"requestId": "request-1"' in line.replace('":"', '": "')


def test_background_work_ends_after_the_response_and_before_the_next_invocation(tmp_path):
    with running(tmp_path, "/background", "/loop_id") as (platform, environment):
        environment.until(lambda: platform.posts and platform.posts[0].complete)
        assert "worked" not in environment.notes()
        assert [call for call in platform.calls if call[0] == "GET"] == [("GET", "invocation/next")]
        environment.until(platform.held.is_set)
        assert environment.notes()[1:] == ["worked"]
    assert BACKGROUND_S > 0.1


def test_a_failed_startup_is_a_failed_init(tmp_path):
    with running(tmp_path, environ={"FAILS": "no database"}) as (platform, environment):
        assert environment.process.wait(20) == 1
        (post,) = platform.posts

    assert post.path == "init/error"
    assert post.error["errorType"] == "LifespanFailed"
    assert "no database" in post.error["errorMessage"]


@pytest.mark.parametrize("page", ["endless", "hasty"])
def test_sigterm_in_a_stream_closes_it_and_stops_the_application(page, tmp_path):
    with running(tmp_path, f"/{page}") as (platform, environment):
        environment.until(lambda: platform.posts and len(platform.posts[0].body) > 300)
        assert environment.terminate() == 0
        (post,) = platform.posts

        # A piece that was being written is cut off; there are no trailers after that.
        assert not post.complete or post.trailers["lambda-runtime-function-error-type"]
        assert environment.notes()[1:] == ["open", "closed", "down"]


def test_sigterm_interrupts_a_piece_that_the_reader_does_not_take(tmp_path):
    """Lambda would kill the process half a second later."""
    with running(tmp_path, "/hasty_blocks", verdicts={0: (HELD, 300)}) as (platform, environment):
        environment.until(platform.held.is_set)
        pid = environment.process.pid
        environment.until(lambda: all(process_state(pid) == "S" for _ in range(100)))
        began = time.monotonic()
        assert environment.terminate() == 0
        assert time.monotonic() - began < 3
        assert environment.notes()[1:] == ["open", "closed", "down"]


def test_sigterm_before_the_response_ends_the_application(tmp_path):
    with running(tmp_path, "/silent") as (_, environment):
        environment.until(lambda: "silent" in environment.notes())
        assert environment.terminate() == 0
        assert environment.notes()[1:] == ["silent", "ended", "down"]


@pytest.mark.parametrize("page", ["endless", "hasty"])
def test_a_platform_that_hangs_up_disconnects_the_application(page, tmp_path):
    verdicts = {0: (413, 400)}
    with running(tmp_path, f"/{page}", "/loop_id", verdicts=verdicts) as (platform, environment):
        environment.until(platform.held.is_set)
        assert environment.notes()[1:] == ["open", "closed"]
        assert platform.posts[1].complete


@pytest.mark.parametrize("page", ["endless", "hasty"])
def test_before_the_deadline_the_application_is_disconnected(page, tmp_path):
    with running(tmp_path, f"/{page}", timeout_ms=2_000) as (platform, environment):
        environment.until(platform.held.is_set)
        (post,) = platform.posts
        assert post.complete
        assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"
        assert environment.notes()[1:] == ["open", "closed"]


def test_an_application_that_does_not_respond_is_an_error_before_the_deadline(tmp_path):
    with running(tmp_path, "/silent", timeout_ms=1_000) as (platform, environment):
        environment.until(platform.held.is_set)
        (post,) = platform.posts
        assert post.path.endswith("/error")
        assert post.error["errorType"] == "Runtime.DeadlineExceeded"
        assert environment.notes()[1:] == ["silent", "ended"]


def test_several_invocations_in_one_process_share_one_loop(tmp_path):
    """Each of them waits for the other one, so they run at the same time."""
    paths = ("/together", "/together")
    with running(tmp_path, *paths, environ=THREADS) as (platform, environment):
        environment.until(lambda: len([post for post in platform.posts if post.complete]) == 2)
        assert environment.terminate() == 0

        said = {post.content for post in platform.posts}
        loop_id = environment.notes()[0].removeprefix("up in ")
        assert said == {f"2 in {loop_id}".encode()}
        assert environment.notes()[-1] == "down"
