"""Tests what a function may leave open on import when its workers are forked after that."""

import json
import select
import socket
import sys
from types import SimpleNamespace

import pytest
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.loop import reseed
from streaming_runtime.sharing import open_files, prepare

from tests.streaming_runtime.environments import RunningEnvironment
from tests.support.fake_runtime_api import FakeRuntimeApi

WORKERS = 2
HARMLESS = """
import os, socket, sqlite3, tempfile, threading
file = tempfile.TemporaryFile()
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.connect(("127.0.0.1", 9))
listening = socket.create_server(("127.0.0.1", 0))
unconnected = socket.socket()
database = sqlite3.connect(":memory:")
pipe = os.pipe()
closed = socket.socketpair()
for each in closed:
    each.close()
def forgotten():
    ends = list(socket.socketpair())
    ends.append(ends)
forgotten()
def handler(event, context):
    return "fine"
"""


def life_of(source, directory, requests=1, **environ):
    """Serves a few requests with a function of that source. Returns (POSTs, output, status)."""
    (directory / "shared_function.py").write_text(source)
    entries = [{"body": b"{}"}] * requests
    with (
        FakeRuntimeApi(entries, hold_next_at=requests) as platform,
        RunningEnvironment(
            platform,
            "shared_function.handler",
            directory,
            LAMBDA_TASK_ROOT=str(directory),
            AWS_LAMBDA_MAX_CONCURRENCY=str(WORKERS),
            STREAMING_RUNTIME_CONCURRENCY="shared",
            **environ,
        ) as environment,
    ):
        environment.until(
            lambda: (
                environment.process.poll() is not None
                or sum(post.complete for post in platform.posts) == requests
            )
        )
        if platform.posts[0].path == "init/error":
            status = environment.ended()
        else:
            status = environment.terminate()
        return platform.posts, environment.out, status


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def opened(source, directory):
    (post,), out, status = life_of(source, directory)
    assert status == 1
    assert post.path == "init/error"
    assert post.error["errorType"] == "Runtime.SharedConnection"
    assert "Runtime.SharedConnection" in out or post.error["errorMessage"] in out
    message = post.error["errorMessage"]
    assert "in the handler" in message
    assert "processes" in message
    return message


def test_a_connection_that_the_import_opens_is_named_with_its_peer(server, tmp_path):
    message = opened(
        "import socket\n"
        f"connection = socket.create_connection(('127.0.0.1', {server}))\n"
        "print('fd', connection.fileno())\n"
        "def handler(event, context): pass\n",
        tmp_path,
    )

    assert f"127.0.0.1:{server} (fd " in message


def test_a_connection_to_a_unix_socket_is_named_with_its_path(tmp_path):
    path = str(tmp_path / "agent")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        message = opened(
            "import socket\n"
            "connection = socket.socket(socket.AF_UNIX)\n"
            f"connection.connect({path!r})\n"
            "def handler(event, context): pass\n",
            tmp_path,
        )

    assert f"a connection to {path} (fd " in message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import asyncio\nloop = asyncio.new_event_loop()", "socket pair"),
        ("import select\nloop = select.epoll()", "epoll"),
        ("import socket\npair = socket.socketpair()", "socket pair"),
    ],
)
def test_an_event_loop_that_the_import_makes_is_found(source, says, tmp_path):
    assert says in opened(f"{source}\ndef handler(event, context): pass\n", tmp_path)


def test_files_datagrams_listeners_and_what_was_closed_again_are_no_hindrance(tmp_path):
    posts, out, status = life_of(HARMLESS, tmp_path, requests=2)

    assert [post.body for post in posts] == [b'"fine"'] * 2
    assert status == 0
    assert "runtime." not in out


def test_a_thread_that_the_import_starts_is_named_in_a_warning(tmp_path):
    posts, out, status = life_of(
        "import threading\n"
        "thread = threading.Thread(target=threading.Event().wait, name='refresher', daemon=True)\n"
        "thread.start()\n"
        "def handler(event, context):\n"
        "    return [each.name for each in threading.enumerate()]\n",
        tmp_path,
        PYTHONWARNINGS="error",
    )

    (line,) = [each for each in out.splitlines() if "runtime.threads_lost" in each]
    assert "refresher" in line
    assert line.startswith("[WARN")
    assert json.loads(posts[0].body) == ["MainThread"]
    assert status == 0


def test_each_worker_draws_random_numbers_of_its_own_and_runs_hooks_of_forks(tmp_path):
    folder = tmp_path / "numpy"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "random.py").write_text("seeds = []\ndef seed():\n    seeds.append('anew')\n")
    (tmp_path / "met").mkdir()
    posts, _, _ = life_of(
        "import os, pathlib, random, time, numpy.random\n"
        "random.seed(1)\n"
        "hooks = []\n"
        "os.register_at_fork(after_in_child=lambda: hooks.append(os.getpid()))\n"
        f"met = pathlib.Path({str(tmp_path / 'met')!r})\n"
        "def handler(event, context):\n"
        "    (met / str(os.getpid())).touch()\n"
        "    until = time.monotonic() + 10\n"
        "    while len(list(met.iterdir())) < 2 and time.monotonic() < until:\n"
        "        time.sleep(0.01)\n"
        "    return [random.random(), hooks == [os.getpid()], numpy.random.seeds]\n",
        tmp_path,
        requests=2,
    )
    first, second = (json.loads(post.body) for post in posts)

    assert first[0] != second[0]
    assert first[1:] == second[1:] == [True, ["anew"]]


def test_output_without_a_line_end_from_the_import_is_written_once(tmp_path):
    _, out, _ = life_of(
        "import sys\nsys.stdout.write('begun')\ndef handler(event, context): pass\n",
        tmp_path,
        requests=2,
    )

    assert out.count("begun") == 1


def what_was_opened(opening):
    """Returns what `prepare` says of the files that `opening` leaves open."""
    written = []
    before = open_files()
    kept = opening()
    try:
        prepare(before, SimpleNamespace(write=lambda *said: written.append(said)))
    except RuntimeFault as fault:
        return fault.error_type, str(fault)
    finally:
        for each in kept:
            each.close()
    return written


def test_what_was_open_before_the_import_is_not_looked_at(server):
    with socket.create_connection(("127.0.0.1", server)):
        said = what_was_opened(list)

    assert f":{server}" not in str(said)  # other tests may leave threads and files


def test_each_kind_of_connection_is_named(server):
    def opening():
        pair = socket.socketpair()
        return [socket.create_connection(("127.0.0.1", server)), *pair, select.epoll()]

    error_type, message = what_was_opened(opening)

    assert error_type == "Runtime.SharedConnection"
    assert f"a connection to 127.0.0.1:{server} (fd " in message
    assert message.count("a socket pair") >= 2
    assert message.count("epoll") >= 1


def test_an_address_of_ipv6_is_named_in_brackets():
    def opening():
        return [socket.create_connection(listening.getsockname()[:2])]

    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        _, message = what_was_opened(opening)
        port = listening.getsockname()[1]

    assert f"a connection to [::1]:{port} (fd " in message


def test_numpys_global_state_is_seeded_where_numpy_is_imported(monkeypatch):
    seeds = []
    reseed()
    monkeypatch.setitem(sys.modules, "numpy.random", SimpleNamespace(seed=lambda: seeds.append(1)))
    reseed()

    assert seeds == [1]
