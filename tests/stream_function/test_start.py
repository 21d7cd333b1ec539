"""Tests what importing the handler loads, reads and writes, before there is a request."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.paths import PACKAGES

NOT_LOADED = ("pydantic", "pydantic_core", "boto3", "s3transfer", "cryptography", "jwt")
PATH = [
    str(PACKAGES[name].parent) for name in ("stream_function", "dashboard_data", "event_stream")
]
HEAD = {
    "PK": {"S": "FEED"},
    "SK": {"S": "HEAD"},
    "epoch": {"S": "e"},
    "seq": {"N": "1"},
    "secret": {"B": "c2VjcmV0"},
}


class FakeTable(BaseHTTPRequestHandler):
    """Knows the head of a feed and nothing else, and keeps connections."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        self.server.operations.append(operation)
        self.rfile.read(int(self.headers["Content-Length"]))
        found = {"Item": HEAD} if operation == "GetItem" else {"Items": [], "Count": 0}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def fake_table():
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeTable) as server:
        server.connections = 0
        server.operations = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ran(program, port, *more_path):
    """Returns the output of a program in an environment as Lambda's."""
    environ = {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}",
        "AWS_SECRET_ACCESS_KEY": "none",
        "DASHBOARD_TABLE": "table",
        "PYTHONPATH": os.pathsep.join([*PATH, *map(str, more_path)]),
    }
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout


def test_importing_the_handler_loads_no_library_that_streams_do_not_use(fake_table):
    program = (
        "import sys, stream_function.handler;"
        f"print([name for name in {NOT_LOADED} if name in sys.modules])"
    )

    assert ran(program, fake_table.server_port).strip() == "[]"


def test_the_connection_is_open_before_the_first_request_and_nothing_is_written(fake_table):
    ran("import stream_function.handler", fake_table.server_port)

    assert fake_table.operations == ["GetItem", "Query"]
    assert fake_table.connections == 1


def test_a_table_that_refuses_connections_is_no_failure_of_init():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert ran("import stream_function.handler; print('initialised')", port) == "initialised\n"


def test_a_silent_table_is_asked_once_and_does_not_hold_init_up_for_long():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started_s = time.monotonic()
        ran("import stream_function.handler", silent.getsockname()[1])
        took_s = time.monotonic() - started_s
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()

    assert took_s < 8  # one timeout of 1.5 s, and the import on a busy machine


def test_a_restored_snapshot_uses_no_connection_from_before(fake_table, tmp_path):
    """`snapshot_restore_py` stands in for the managed runtime's module of that name."""
    (tmp_path / "snapshot_restore_py.py").write_text(
        "actions = []\n"
        "def register_after_restore(action, *args, **kwargs):\n"
        "    actions.append(lambda: action(*args, **kwargs))\n"
    )
    program = (
        "import stream_function.handler, snapshot_restore_py\n"
        "for action in snapshot_restore_py.actions: action()\n"
    )
    ran(program, fake_table.server_port, tmp_path)

    assert fake_table.operations == ["GetItem", "Query"] * 2
    assert fake_table.connections == 2
