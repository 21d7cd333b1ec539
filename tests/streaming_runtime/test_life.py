"""Tests the life of an execution environment: start, invocations at once, snapshot, SIGTERM."""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import snapshot_restore_py
from streaming_runtime.__main__ import rebuild_import_path
from streaming_runtime.loop import run
from streaming_runtime.version import __version__

from tests.streaming_runtime import handlers
from tests.support.fake_runtime_api import FakeRuntimeApi, url_request
from tests.support.paths import ROOT
from tests.support.signals import sigterm_once
from tests.support.waiting import eventually

BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
HANDLERS = "tests.streaming_runtime.handlers"


@pytest.fixture(autouse=True)
def sigterm_as_before():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def life(platform, handler, **environ):
    environ = {
        "AWS_LAMBDA_RUNTIME_API": platform.address,
        "_HANDLER": handler,
        "STREAMING_RUNTIME_CONCURRENCY": "threads",  # nothing is forked from the tests' process
        **environ,
    }
    return run(environ)


def test_an_environment_that_is_asked_says_first_which_version_it_is(capfd):
    with FakeRuntimeApi([]) as platform:
        life(platform, f"{HANDLERS}.no_such_function", STREAMING_RUNTIME_LOG_START="true")
        first = capfd.readouterr().out.splitlines()[0]
        life(platform, f"{HANDLERS}.no_such_function")

    python = ".".join(map(str, sys.version_info[:3]))
    handler = f"{HANDLERS}.no_such_function"
    expected = f"runtime.start: lambda-streaming {__version__}, Python {python}, {handler}"
    assert first.startswith("[INFO]")
    assert first.endswith(expected)
    assert "runtime.start" not in capfd.readouterr().out


def test_every_call_says_which_version_is_calling(serve):
    (posted,) = serve(lambda event, context: "ok", {})

    assert posted.headers["user-agent"] == f"lambda-streaming/{__version__}"


@pytest.mark.parametrize(
    ("handler", "error_type", "says"),
    [
        ("", "Runtime.MalformedHandlerName", "Bad handler ''"),
        ("nodot", "Runtime.MalformedHandlerName", "nodot"),
        (".ok", "Runtime.MalformedHandlerName", ".ok"),
        ("sys.exit", "Runtime.BuiltInModuleConflict", "sys"),
        ("no.such.module.handler", "Runtime.ImportModuleError", "no.such.module"),
        (
            "tests.streaming_runtime.broken.missing_import.handler",
            "Runtime.ImportModuleError",
            "nowhere_to_be_found",
        ),
        (
            "tests/streaming_runtime/broken/bad_syntax.handler",
            "Runtime.UserCodeSyntaxError",
            "bad_syntax",
        ),
        ("tests.streaming_runtime.broken.leaves.handler", "Runtime.ExitError", "leaves"),
        ("tests.streaming_runtime.broken.fails.handler", "ZeroDivisionError", "division by zero"),
        (f"{HANDLERS}.no_such_function", "Runtime.HandlerNotFound", "no_such_function"),
    ],
)
def test_a_handler_that_cannot_be_had_is_an_init_error(handler, error_type, says):
    with FakeRuntimeApi([]) as platform:
        assert life(platform, handler) == 1

    (post,) = platform.posts
    assert post.path == "init/error"
    assert post.error["errorType"] == error_type
    assert says in post.error["errorMessage"]
    assert ("GET", "invocation/next") not in platform.calls


def test_the_stack_trace_of_an_init_error_shows_the_users_code():
    with FakeRuntimeApi([]) as platform:
        life(platform, "tests.streaming_runtime.broken.fails.handler")

    assert "fails.py" in platform.posts[0].error["stackTrace"][-1]


def test_a_platform_that_is_not_there_ends_the_process():
    assert run({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9", "_HANDLER": "no.such"}) == 1


def test_an_environment_serves_until_the_platform_ends_it():
    with FakeRuntimeApi([url_request(), url_request()]) as platform:
        assert life(platform, f"{HANDLERS}.ok") == 1

    assert [post.content for post in platform.posts] == [b"fine", b"fine"]


def test_the_trace_id_is_in_the_environment_variable_when_and_only_when_it_came(monkeypatch):
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "stale")
    with_trace = {"body": b'{"word": 1}', "headers": {"Lambda-Runtime-Trace-Id": "Root=1-2-3"}}
    with FakeRuntimeApi([with_trace, {"body": b'{"word": 2}'}]) as platform:
        life(platform, f"{HANDLERS}.environment")

    first, second = (json.loads(post.body) for post in platform.posts)
    assert (first["trace_env"], first["trace"]) == ("Root=1-2-3", "Root=1-2-3")
    assert (second["trace_env"], second["trace"]) == (None, None)
    assert first["request_id"] == "request-1"
    assert first["main_thread"]


def test_as_many_invocations_at_once_as_the_platform_says_with_nothing_shared():
    script = [
        {**url_request(), "headers": {"Lambda-Runtime-Trace-Id": f"Root={n}"}} for n in range(3)
    ]
    handlers.SEEN.clear()
    with FakeRuntimeApi(script) as platform:
        assert life(platform, f"{HANDLERS}.meet", AWS_LAMBDA_MAX_CONCURRENCY="3") == 1

    assert len(handlers.SEEN) == 3
    assert len({trace for _, _, trace, _ in handlers.SEEN}) == 3
    assert all(mine == now == context for mine, now, _, context in handlers.SEEN)
    assert {post.content.decode() for post in platform.posts} == {
        mine for mine, *_ in handlers.SEEN
    }
    assert all(
        f"invocation/{post.content.decode()}/response" == post.path for post in platform.posts
    )


@pytest.mark.parametrize("concurrency", ["1", "2"])
def test_sigterm_while_waiting_ends_the_process_cleanly(concurrency):
    with FakeRuntimeApi([], hold_next_at=0) as platform, sigterm_once(platform.held.is_set):
        assert life(platform, f"{HANDLERS}.ok", AWS_LAMBDA_MAX_CONCURRENCY=concurrency) == 0


@pytest.mark.parametrize("concurrency", ["1", "2"])
@pytest.mark.parametrize(
    ("path", "error_type"), [("/", "Function.Shutdown"), ("/failing", "Function.LookupError")]
)
def test_sigterm_in_a_stream_runs_its_finally_and_ends_it_with_trailers(
    concurrency, path, error_type
):
    handlers.EVENTS.clear()
    with FakeRuntimeApi([url_request(path=path)], hold_next_at=1) as platform:
        with sigterm_once(lambda: handlers.EVENTS):
            assert (
                life(platform, f"{HANDLERS}.until_sigterm", AWS_LAMBDA_MAX_CONCURRENCY=concurrency)
                == 0
            )
        eventually(lambda: platform.posts[0].complete)

    assert handlers.EVENTS == ["waiting", "closed"]
    assert platform.posts[0].content == b"x"
    assert platform.posts[0].trailers["lambda-runtime-function-error-type"] == error_type


def test_sigterm_that_a_handler_swallows_ends_the_process_after_its_answer():
    handlers.EVENTS.clear()
    with (
        FakeRuntimeApi([url_request()], hold_next_at=1) as platform,
        sigterm_once(lambda: handlers.EVENTS),
    ):
        assert life(platform, f"{HANDLERS}.swallowing") == 0

    assert handlers.EVENTS == ["waiting", "swallowed"]
    assert platform.posts[0].content == b"fine"
    assert not platform.held.is_set()


@pytest.fixture
def hooks():
    yield handlers.register_hooks
    snapshot_restore_py._before_snapshot_registry.clear()
    snapshot_restore_py._after_restore_registry.clear()


SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


def test_snap_start_runs_the_hooks_around_the_snapshot_and_then_serves(hooks):
    calls = hooks()
    with FakeRuntimeApi([url_request()]) as platform:
        assert life(platform, f"{HANDLERS}.ok", **SNAP_START) == 1

    assert calls == ["before 2", "before 1", "after 1", "after 2"]
    assert platform.calls[:2] == [("GET", "restore/next"), ("GET", "invocation/next")]
    assert platform.connections == 3  # the connection from before the snapshot is not used again
    assert platform.posts[0].content == b"fine"


def test_threads_use_no_connection_from_before_the_snapshot_and_restore_once(hooks):
    calls = hooks()
    environ = {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "STREAMING_RUNTIME_CONCURRENCY": "threads"}
    with FakeRuntimeApi([url_request()]) as platform:
        assert life(platform, f"{HANDLERS}.ok", **SNAP_START, **environ) == 1

    assert calls == ["before 2", "before 1", "after 1", "after 2"]
    assert platform.calls[0] == ("GET", "restore/next")
    assert platform.calls.count(("GET", "restore/next")) == 1
    assert platform.connections >= 3  # for the restore, each wait that begins, and the stream


def test_random_numbers_are_seeded_after_the_restore_and_before_the_hooks(monkeypatch, hooks):
    drawn = []
    fake = SimpleNamespace(seed=lambda: drawn.append("numpy seeded"))
    monkeypatch.setitem(sys.modules, "numpy.random", fake)
    random.seed(1)
    state = random.getstate()
    snapshot_restore_py.register_after_restore(
        lambda: drawn.append("same" if random.getstate() == state else "other")
    )
    with FakeRuntimeApi([]) as platform:
        life(platform, f"{HANDLERS}.ok", **SNAP_START)

    assert drawn == ["numpy seeded", "other"]


@pytest.mark.parametrize(
    ("failing", "path", "error_type", "status"),
    [
        ({"before": "before 1"}, "init/error", "Runtime.BeforeSnapshotError", 64),
        ({"after": "after 2"}, "restore/error", "Runtime.AfterRestoreError", 65),
    ],
)
def test_a_hook_that_fails_is_reported_where_it_belongs(hooks, failing, path, error_type, status):
    hooks(**failing)
    with FakeRuntimeApi([]) as platform:
        assert life(platform, f"{HANDLERS}.ok", **SNAP_START) == status

    (post,) = platform.posts
    assert post.path == path
    assert post.headers["lambda-runtime-function-error-type"] == error_type
    assert post.error["errorType"] == "LookupError"
    assert post.error["errorMessage"] in ("before 1 failed", "after 2 failed")


def test_a_hook_that_leaves_the_process_is_a_hook_that_fails(capfd):
    snapshot_restore_py.register_after_restore(sys.exit, 3)
    try:
        with FakeRuntimeApi([]) as platform:
            assert life(platform, f"{HANDLERS}.ok", **SNAP_START) == 65
    finally:
        snapshot_restore_py._after_restore_registry.clear()

    assert platform.posts[0].error["errorType"] == "SystemExit"
    assert "[ERROR] SystemExit: 3\rTraceback" in capfd.readouterr().out


@pytest.mark.parametrize("refusal", [403, 500])
def test_a_restore_that_is_refused_ends_the_process_before_anything_else_runs(
    hooks, capfd, refusal
):
    calls = hooks()
    with FakeRuntimeApi([url_request()], restore_status=refusal) as platform:
        assert life(platform, f"{HANDLERS}.ok", **SNAP_START) == 1

    assert calls == ["before 2", "before 1"]
    assert ("GET", "invocation/next") not in platform.calls
    assert f"restore/next: {refusal}" in capfd.readouterr().out


def test_without_registered_hooks_snap_start_just_waits_for_the_restore(monkeypatch):
    monkeypatch.delitem(sys.modules, "snapshot_restore_py")
    with FakeRuntimeApi([url_request()]) as platform:
        life(platform, "tests.streaming_runtime.broken.plain.handler", **SNAP_START)

    assert platform.posts[0].body == b'"plain"'


def test_the_import_path_is_the_managed_runtimes():
    path = ["/opt/python", "/usr/lib/python3.zip", "/usr/lib/python3"]
    environ = {"LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": "/var/runtime"}
    rebuild_import_path(path, environ, "/opt/python")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"

    assert path == [
        "/var/task",
        f"/opt/python/lib/{version}/site-packages",
        "/opt/python",
        f"{sys.prefix}/lib/{version}/site-packages",
        "/var/runtime",
        "/usr/lib/python3.zip",
        "/usr/lib/python3",
    ]
    assert environ["PYTHONPATH"] == "/var/runtime"


def test_a_pythonpath_of_the_users_own_replaces_the_layers():
    path = ["/opt/python", "/mine", "/usr/lib/python3"]
    environ = {"LAMBDA_TASK_ROOT": "/var/task", "PYTHONPATH": "/mine"}
    rebuild_import_path(path, environ, "/opt/python")

    assert path == ["/var/task", "/opt/python", "/mine", "/usr/lib/python3"]
    assert environ["PYTHONPATH"] == "/mine"


def test_pth_files_in_the_task_root_count(tmp_path, monkeypatch):
    (tmp_path / "more").mkdir()
    (tmp_path / "more.pth").write_text("more\n")
    path = [*sys.path]
    monkeypatch.setattr(sys, "path", path)
    rebuild_import_path(path, {"LAMBDA_TASK_ROOT": str(tmp_path)}, "/opt/python")

    assert str(tmp_path / "more") in path


def start(platform, handler, *command, **environ):
    """Runs the real bootstrap as a process, with an environment as bare as Lambda's."""
    bare = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": platform.address,
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(ROOT),
        "STREAMING_RUNTIME_PYTHON": sys.executable,
    }
    return subprocess.run(
        [*(command or [BOOTSTRAP])],
        env={**bare, **environ},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    "command", [[BOOTSTRAP], [BOOTSTRAP, sys.executable, "/var/runtime/bootstrap.py"]]
)
def test_the_bootstrap_starts_bare_and_as_the_wrapper(command):
    with FakeRuntimeApi([{"body": b'{"word": "this"}'}]) as platform:
        process = start(platform, f"{HANDLERS}.environment", *command)

    seen = json.loads(platform.posts[0].body)
    assert process.returncode == 1  # the exit code of a runtime after a 500
    assert seen["path"][0] == str(ROOT)
    assert seen["path"][2] == str(BOOTSTRAP.parent / "python")
    assert "printed" in process.stdout
    assert "[WARNING]" in process.stdout
    assert "request-1\ta word about this" in process.stdout


def test_the_wrapper_uses_the_interpreter_that_it_is_given(tmp_path):
    mine = tmp_path / "python3.99"
    mine.write_text('#!/bin/sh\necho mine "$1"\n')
    mine.chmod(0o755)
    with FakeRuntimeApi([]) as platform:
        process = start(platform, "x.y", BOOTSTRAP, str(mine), "/var/runtime/bootstrap.py")

    assert process.stdout.startswith("mine /")
    assert process.stdout.strip().endswith("streaming_runtime/__main__.py")


@pytest.fixture
def bare_path(tmp_path):
    """Makes a PATH with the needs of the bootstrap and a python3 of unknown age.

    Amazon Linux has such a python3.
    """
    if any(Path("/var/lang/bin").glob("python3*")):
        pytest.skip("there is a Python where Lambda has it")
    for name in ("dirname", "sh"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "python3").chmod(0o755)
    return tmp_path


def test_started_bare_the_bootstrap_finds_a_python_itself(bare_path):
    (bare_path / "python3.12").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (bare_path / "python3.12").chmod(0o755)
    with FakeRuntimeApi([{"body": b"{}"}]) as platform:
        process = start(
            platform,
            "tests.streaming_runtime.broken.plain.handler",
            PATH=str(bare_path),
            STREAMING_RUNTIME_PYTHON="",
        )

    assert process.returncode == 1  # after the 500, as a runtime should
    assert platform.posts[0].body == b'"plain"'


def test_without_any_python_that_is_new_enough_the_bootstrap_says_where_it_looked(bare_path):
    with FakeRuntimeApi([]) as platform:
        process = start(platform, "x.y", PATH=str(bare_path), STREAMING_RUNTIME_PYTHON="")

    assert process.returncode == 127
    assert "no Python 3.11" in process.stderr


def test_a_safe_import_path_does_not_hide_the_runtime():
    with FakeRuntimeApi([{"body": b"{}"}]) as platform:
        start(platform, "tests.streaming_runtime.broken.plain.handler", PYTHONSAFEPATH="1")

    assert platform.posts[0].body == b'"plain"'


def test_a_stack_trace_in_the_log_is_one_record(serve, capfd):
    serve(lambda event, context: json.loads("{"), {})

    (record,) = [line for line in capfd.readouterr().out.split("\n") if "JSONDecodeError" in line]
    assert record.startswith("[ERROR] JSONDecodeError: ")
    assert "\rTraceback (most recent call last):\r\u00a0\u00a0File " in record


def test_logs_are_json_lines_where_lambda_asks_for_that():
    with FakeRuntimeApi([{"body": b'{"word": "w"}'}, {"body": b"{}"}]) as platform:
        process = start(platform, f"{HANDLERS}.environment", AWS_LAMBDA_LOG_FORMAT="JSON")

    lines = process.stdout.splitlines()
    records = [json.loads(line) for line in lines if line != "printed"]
    assert records[0]["level"] == "WARNING"
    assert records[0]["message"] == "a word about w"
    assert records[0]["requestId"] == "request-1"
    assert records[1]["level"] == "ERROR"
    assert records[1]["errorType"] == "KeyError"
    assert "streaming_runtime/handlers.py" in records[1]["stackTrace"][-1]


def test_under_sam_local_an_endless_body_becomes_a_finite_answer(serve):
    environ = {"AWS_SAM_LOCAL": "true", "STREAMING_RUNTIME_LOCAL_WAIT_S": "0.2"}
    handlers.EVENTS.clear()
    began = time.monotonic()
    of_each = [handlers.sleepy, handlers.endless]
    endless, silent = serve(
        lambda *given: of_each.pop()(*given), url_request(), url_request(), environ=environ
    )

    assert time.monotonic() - began < 5
    assert set(json.loads(endless.body)["body"]) == {"x"}
    eventually(lambda: handlers.EVENTS == ["closed"])
    assert json.loads(silent.body) == {
        "statusCode": 200,
        "headers": {"Content-Type": "text/event-stream"},
        "body": "now",
        "isBase64Encoded": False,
    }


def test_under_sam_local_an_error_is_an_error(serve):
    def body():
        yield b"half"
        raise LookupError("no")

    (post,) = serve(
        lambda event, context: {"statusCode": 200, "body": body()},
        url_request(),
        environ={"AWS_SAM_LOCAL": "true"},
    )

    assert post.error["errorType"] == "LookupError"


def test_under_sam_local_a_flood_is_cut_below_what_a_buffered_answer_bears(serve):
    def body():
        while True:
            yield b"\xff" * 100_000

    result = {"statusCode": 200, "body": body()}
    (post,) = serve(lambda event, context: result, url_request(), environ={"AWS_SAM_LOCAL": "true"})

    assert len(base64.b64decode(json.loads(post.body)["body"])) > 3_000_000
    assert len(post.body) < 6_291_556


@pytest.mark.parametrize("character", ['"', "ж", "\n"])
def test_the_same_holds_for_text_whatever_its_characters(serve, character):
    def body():
        while True:
            yield character * 50_000

    result = {"statusCode": 200, "body": body()}
    (post,) = serve(lambda event, context: result, url_request(), environ={"AWS_SAM_LOCAL": "true"})

    assert len(json.loads(post.body)["body"].encode()) > 3_000_000
    assert len(post.body) < 6_291_556


@pytest.mark.parametrize(
    "payload", [{"Records": []}, {"httpMethod": "GET", "requestContext": {"elb": {}}}]
)
def test_under_sam_local_endless_bodies_are_cut_for_every_front(serve, payload):
    environ = {"AWS_SAM_LOCAL": "true", "STREAMING_RUNTIME_LOCAL_WAIT_S": "0.2"}
    handlers.EVENTS.clear()
    (post,) = serve(handlers.endless, {"body": json.dumps(payload).encode()}, environ=environ)

    assert set(json.loads(post.body)["body"]) == {"x"}
    eventually(lambda: handlers.EVENTS == ["closed"])
