"""Tests the processes that serve several invocations at once: how they start, die and end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.streaming_runtime.deaths import asks_for
from tests.streaming_runtime.environments import BOOTSTRAP, RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi, url_request
from tests.support.processes import children_of, process_state
from tests.support.waiting import eventually

pytestmark = pytest.mark.once
HANDLER = "tests.streaming_runtime.deaths.handler"
FORKING = pytest.mark.parametrize("mode", ["processes", "shared"])


def environment_of(platform, directory, mode="processes", *, workers=2, handler=HANDLER, **environ):
    return RunningEnvironment(
        platform,
        handler,
        directory,
        AWS_LAMBDA_MAX_CONCURRENCY=str(workers),
        STREAMING_RUNTIME_CONCURRENCY=mode,
        **environ,
    )


def next_calls(platform):
    return platform.calls.count(("GET", "invocation/next"))


def complete(platform):
    return [post for post in platform.posts if post.complete]


def errors(platform):
    return [post.error for post in platform.posts if post.kind == "error"]


@FORKING
def test_sixty_four_workers_serve_at_once_each_in_its_main_thread(mode, tmp_path):
    many = 64
    (tmp_path / "met").mkdir()
    script = [asks_for("meet", folder=str(tmp_path / "met"), many=many)] * many
    with (
        FakeRuntimeApi(script, hold_next_at=many) as platform,
        environment_of(platform, tmp_path, mode, workers=many) as environment,
    ):
        environment.until(lambda: len(complete(platform)) == many)
        seen = [json.loads(post.body) for post in platform.posts]
        assert environment.terminate() == 0

    assert len({each["pid"] for each in seen}) == many
    assert {each["main"] for each in seen} == {"MainThread"}
    imports = environment.out.count("imported")
    assert imports == {"processes": many, "shared": 1}[mode]
    eventually(environment.is_empty)


def test_a_concurrency_of_one_is_served_by_the_only_process(tmp_path):
    with (
        FakeRuntimeApi([asks_for("pid")], hold_next_at=1) as platform,
        environment_of(platform, tmp_path, workers=1) as environment,
    ):
        environment.until(lambda: complete(platform))
        assert json.loads(platform.posts[0].body)["pid"] == environment.pid
        assert environment.terminate() == 0


@FORKING
@pytest.mark.parametrize(
    ("ending", "says"),
    [
        (asks_for("leave", status=3), "exit status 3"),
        (asks_for("leave", status=0), "exit status 0"),
        (asks_for("die", signal="SIGKILL"), "signal SIGKILL"),
        (asks_for("die", signal="SIGSEGV"), "signal SIGSEGV"),
    ],
)
def test_a_worker_that_dies_is_replaced_and_its_client_gets_an_error(mode, ending, says, tmp_path):
    script = [ending, *[asks_for("pid")] * 4]
    with (
        FakeRuntimeApi(script, hold_next_at=5) as platform,
        environment_of(platform, tmp_path, mode) as environment,
    ):
        environment.until(lambda: len(complete(platform)) == 5)
        environment.until(lambda: len(environment.workers()) == 2)
        assert environment.terminate() == 0

    (error,) = errors(platform)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["requestId"] == "request-1"
    assert says in error["errorMessage"]
    (line,) = [each for each in environment.out.splitlines() if "runtime.worker_died" in each]
    assert says in line
    assert "request-1" in line


def test_a_worker_that_had_served_is_replaced_at_once(tmp_path):
    script = [asks_for("pid"), asks_for("pid"), asks_for("pid"), asks_for("leave", status=1)]
    with (
        FakeRuntimeApi(script, hold_next_at=4) as platform,
        environment_of(platform, tmp_path, "shared") as environment,
    ):
        environment.until(lambda: "worker_died" in environment.out)

    assert "starts in 0 s" in environment.out or "starts in 0.1 s" in environment.out


def test_workers_that_die_before_they_have_served_come_back_ever_more_slowly(tmp_path):
    script = [asks_for("leave", status=1)] * 4
    with (
        FakeRuntimeApi(script, hold_next_at=4) as platform,
        environment_of(platform, tmp_path, "shared", workers=2) as environment,
    ):
        environment.until(lambda: environment.out.count("runtime.worker_died") == 4)

    pauses = [line.rpartition("starts in ")[2] for line in environment.out.splitlines()]
    assert "0.1 s" in pauses
    assert "0.2 s" in pauses


def test_sys_exit_in_a_handler_ends_its_invocation_and_no_process(tmp_path):
    with (
        FakeRuntimeApi([asks_for("leave_politely", status=3)], hold_next_at=1) as platform,
        environment_of(platform, tmp_path) as environment,
    ):
        environment.until(lambda: complete(platform))
        workers = environment.workers()
        environment.until(lambda: next_calls(platform) == 3)
        assert environment.workers() == workers

    assert errors(platform)[0]["errorType"] == "SystemExit"


@FORKING
def test_sigterm_reaches_every_worker_and_all_end_in_order(mode, tmp_path):
    script = [asks_for("wait"), {"body": url_request()["body"][:-1] + b', "do": "stream"}'}]
    with (
        FakeRuntimeApi(script, hold_next_at=2) as platform,
        environment_of(platform, tmp_path, mode, workers=3) as environment,
    ):
        environment.until(lambda: "waiting" in environment.out and len(platform.posts) == 1)
        environment.until(lambda: platform.held.is_set())
        assert environment.terminate() == 0
        eventually(environment.is_empty)

    assert "unwound" in environment.out
    assert "closed" in environment.out
    (stream,) = [post for post in platform.posts if post.kind == "response"]
    assert stream.trailers["lambda-runtime-function-error-type"] == "Function.Shutdown"


def test_a_worker_that_does_not_end_by_sigterm_is_killed_in_time(tmp_path):
    with (
        FakeRuntimeApi([asks_for("hang")], hold_next_at=1) as platform,
        environment_of(platform, tmp_path) as environment,
    ):
        environment.until(lambda: "waiting" in environment.out)
        assert environment.terminate() == 0
        eventually(environment.is_empty)


@FORKING
def test_workers_do_not_outlive_a_parent_that_is_killed(mode, tmp_path):
    with (
        FakeRuntimeApi([asks_for("wait")], hold_next_at=1) as platform,
        environment_of(platform, tmp_path, mode) as environment,
    ):
        environment.until(lambda: "waiting" in environment.out and platform.held.is_set())
        os.kill(environment.pid, signal.SIGKILL)
        environment.ended()
        eventually(environment.is_empty)

    assert "unwound" in environment.out


@FORKING
def test_sigterm_while_the_function_is_imported_ends_everything(mode, tmp_path):
    (tmp_path / "slow.py").write_text(
        "import os, time\nos.write(1, b'importing\\n')\nwhile True:\n    time.sleep(0.01)\n"
    )
    with (
        FakeRuntimeApi([]) as platform,
        environment_of(
            platform, tmp_path, mode, handler="slow.handler", LAMBDA_TASK_ROOT=str(tmp_path)
        ) as environment,
    ):
        environment.until(lambda: "importing" in environment.out)
        assert environment.terminate() == 0
        eventually(environment.is_empty)

    assert platform.posts == []


@FORKING
@pytest.mark.parametrize(
    ("module", "error_type", "status"),
    [("missing_import", "Runtime.ImportModuleError", 1), ("fails", "ZeroDivisionError", 1)],
)
def test_a_failed_init_is_reported_and_logged_once(mode, module, error_type, status, tmp_path):
    with (
        FakeRuntimeApi([]) as platform,
        environment_of(
            platform,
            tmp_path,
            mode,
            workers=8,
            handler=f"tests.streaming_runtime.broken.{module}.handler",
        ) as environment,
    ):
        assert environment.ended() == status
        eventually(environment.is_empty)

    (post,) = platform.posts
    assert post.path == "init/error"
    assert post.error["errorType"] == error_type
    assert environment.out.count("Traceback") <= 1
    assert "worker_died" not in environment.out


@pytest.mark.parametrize(
    ("ending", "status"), [("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", 137)]
)
def test_a_function_that_kills_its_process_on_import_ends_the_environment(ending, status, tmp_path):
    (tmp_path / "kills.py").write_text(f"import os\n{ending}\n")
    with (
        FakeRuntimeApi([]) as platform,
        environment_of(
            platform, tmp_path, handler="kills.handler", LAMBDA_TASK_ROOT=str(tmp_path)
        ) as environment,
    ):
        assert environment.ended() == status
        eventually(environment.is_empty)

    assert platform.calls == []


def test_an_init_that_fails_in_a_replacement_is_tried_again_while_the_others_serve(tmp_path):
    (tmp_path / "flaky.py").write_text(
        "import os\n"
        "def handler(event, context):\n"
        "    if event['die']:\n"
        f"        open({str(tmp_path / 'bad')!r}, 'w').close()\n"
        "        os._exit(1)\n"
        "    return event\n"
        f"if os.path.exists({str(tmp_path / 'bad')!r}):\n"
        f"    os.remove({str(tmp_path / 'bad')!r})\n"
        "    raise LookupError('not now')\n"
    )
    served = {"body": b'{"die": false}'}
    script = [served, served, {"body": b'{"die": true}'}, served, served]
    with (
        FakeRuntimeApi(script, hold_next_at=5) as platform,
        environment_of(
            platform, tmp_path, handler="flaky.handler", LAMBDA_TASK_ROOT=str(tmp_path)
        ) as environment,
    ):
        environment.until(lambda: len(complete(platform)) == 5)
        environment.until(lambda: next_calls(platform) == 7)
        assert len(environment.workers()) == 2

    assert "not now" in environment.out
    assert not [post for post in platform.posts if post.path == "init/error"]


@FORKING
def test_a_platform_that_says_500_ends_the_whole_environment(mode, tmp_path):
    with (
        FakeRuntimeApi([asks_for("wait")]) as platform,
        environment_of(platform, tmp_path, mode) as environment,
    ):
        assert environment.ended() == 1
        eventually(environment.is_empty)


class LogSocket:
    """Takes connections as Lambda does, one for each output of each process."""

    def __init__(self, path):
        self.received = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            number = len(self.received)
            self.received.append(b"")
            threading.Thread(target=self._read, args=(connection, number), daemon=True).start()

    def _read(self, connection, number):
        with connection:
            while data := connection.recv(4096):
                self.received[number] += data

    def close(self):
        self._listener.close()


@FORKING
def test_each_worker_writes_to_connections_of_its_own_where_lambda_has_them(mode, tmp_path):
    path = str(tmp_path / "log")
    log = LogSocket(path)
    script = [asks_for("wait")] * 2
    with (
        FakeRuntimeApi(script, hold_next_at=2) as platform,
        environment_of(
            platform, tmp_path, mode, _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET=path
        ) as environment,
    ):
        eventually(lambda: sum(b"waiting" in each for each in log.received) == 2)
        environment.terminate()
    log.close()

    assert len(log.received) == 4
    assert "waiting" not in environment.out


def test_a_log_that_cannot_be_reached_costs_no_worker(tmp_path):
    nowhere = str(tmp_path / "nowhere")
    with (
        FakeRuntimeApi([asks_for("wait")], hold_next_at=1) as platform,
        environment_of(
            platform, tmp_path, _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET=nowhere
        ) as environment,
    ):
        environment.until(lambda: "waiting" in environment.out)
        assert environment.terminate() == 0

    assert f"runtime.log_unreachable: {nowhere}" in environment.out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_LAMBDA_MAX_CONCURRENCY", "many"),
        ("AWS_LAMBDA_MAX_CONCURRENCY", "0"),
        ("AWS_LAMBDA_MAX_CONCURRENCY", "-1"),
        ("AWS_LAMBDA_MAX_CONCURRENCY", "1.5"),
        ("STREAMING_RUNTIME_CONCURRENCY", "process"),
        ("STREAMING_RUNTIME_CONCURRENCY", "Threads"),
    ],
)
def test_a_setting_that_cannot_be_used_is_an_error_that_names_it(name, value, tmp_path):
    with (
        FakeRuntimeApi([]) as platform,
        RunningEnvironment(platform, HANDLER, tmp_path, **{name: value}) as environment,
    ):
        assert environment.ended() == 1

    assert f"{name} cannot be '{value}'" in environment.err
    assert platform.calls == []


def test_an_ordinary_start_imports_nothing_of_all_this(tmp_path):
    program = (
        "import sys, runpy\n"
        "try:\n"
        f"    runpy.run_path({str(BOOTSTRAP.parent / 'python/streaming_runtime/__main__.py')!r},"
        " run_name='__main__')\n"
        "finally:\n"
        "    print(*sorted(sys.modules))\n"
    )
    with FakeRuntimeApi([asks_for("pid")]) as platform:
        environ = {
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "_HANDLER": "tests.streaming_runtime.broken.plain.handler",
            "LAMBDA_TASK_ROOT": str(BOOTSTRAP.parents[2]),
        }
        run = subprocess.run(
            [sys.executable, "-c", program],
            env=environ,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    modules = set(run.stdout.split())

    assert "streaming_runtime.loop" in modules
    assert not {"streaming_runtime.workers", "streaming_runtime.sharing", "mmap"} & modules


def test_a_child_that_the_function_starts_on_import_is_left_to_the_function(tmp_path):
    (tmp_path / "parent.py").write_text(
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "other = subprocess.Popen(['true'])\n"
        "def handler(event, context):\n"
        "    return child.pid\n"
    )
    with (
        FakeRuntimeApi([{"body": b"{}"}] * 2, hold_next_at=2) as platform,
        environment_of(
            platform, tmp_path, "shared", handler="parent.handler", LAMBDA_TASK_ROOT=str(tmp_path)
        ) as environment,
    ):
        environment.until(lambda: len(complete(platform)) == 2)
        of_function = int(platform.posts[0].body)
        states = {each: process_state(each) for each in children_of(environment.pid)}

    assert states.pop(of_function) == "S"
    assert list(states.values()).count("Z") == 1  # nobody but the function may wait for it


def test_a_kill_of_any_worker_at_any_time_loses_neither_place_nor_order(tmp_path):
    many = 60
    script = [asks_for("pid") for _ in range(many)]
    with (
        FakeRuntimeApi(script, hold_next_at=many) as platform,
        environment_of(platform, tmp_path, "shared", workers=3) as environment,
    ):
        for victim in range(3):
            environment.until(lambda least=victim * 10: len(platform.posts) > least)
            os.kill(environment.workers()[0], [signal.SIGKILL, signal.SIGTERM][victim % 2])
            environment.until(lambda dead=victim + 1: environment.out.count("worker_died") == dead)
        environment.until(lambda: len(environment.workers()) == 3 and platform.held.is_set())
        assert environment.terminate() == 0
        eventually(environment.is_empty)
