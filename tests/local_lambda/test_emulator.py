"""Tests how the emulator starts and ends."""

import contextlib
import os
import signal
import socket
import time

import pytest

from local_lambda import Emulator, EmulatorFailed
from local_lambda.names import output_names
from tests.support.processes import children_of, process_state


@pytest.mark.parametrize(
    ("logical_id", "name"),
    [
        ("StreamFunction", "stream"),
        ("MyApiFunction", "my_api"),
        ("SSEFunction", "sse"),
        ("Raw", "raw"),
        ("Stream790BDEE4", "stream"),
        ("ApiFunctionF70053CD", "api"),
        ("DEADBEE1", "deadbee1"),
        ("Report20240101", "report20240101"),
    ],
)
def test_a_function_is_announced_in_snake_case(logical_id, name):
    assert output_names([logical_id]) == {logical_id: name}


@pytest.mark.parametrize(
    ("logical_ids", "names"),
    [
        (["Stock", "StockFunction"], ["stock", "stock_function"]),
        (["StockFunction", "Stock", "Other"], ["stock_function", "stock", "other"]),
        (["Stream790BDEE4", "Stream"], ["stream790_bdee4", "stream"]),
        (["MyApi", "MyAPI"], ["my_api", "my_api_2"]),
        (["Function", "FunctionFunction"], ["function", "function_function"]),
    ],
)
def test_no_two_functions_have_one_name(logical_ids, names):
    assert list(output_names(logical_ids).values()) == names


@pytest.mark.e2e
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind_however_it_ends(template_path, number):
    emulator = Emulator(template_path)
    emulator.start()
    child = emulator.invoke("RawFunction", {"do": "child"}).json()
    pids = [child, *(e["pid"] for e in emulator.environments())]
    port = int(emulator.dynamodb_url.rpartition(":")[2])
    begun = time.monotonic()
    os.kill(emulator.pid, number)
    emulator.wait_for(lambda: all(process_state(pid) in (None, "Z") for pid in pids), timeout_s=5)
    emulator.wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) != 0, timeout_s=5)
    emulator.stop()
    assert time.monotonic() - begun < 5


def free_ports(count):
    """Returns the first of `count` free ports in a row, below the ephemeral ports."""
    for base in range(20_000, 30_000, count):
        with contextlib.ExitStack() as sockets, contextlib.suppress(OSError):
            for port in range(base, base + count):
                sockets.enter_context(socket.create_server(("127.0.0.1", port)))
            return base
    raise AssertionError("no free ports")


@pytest.mark.e2e
def test_a_start_that_is_interrupted_leaves_nothing_running(template_path):
    before = children_of(os.getpid())
    with (
        pytest.raises(TypeError),  # as Ctrl-C while the emulator starts
        Emulator(template_path, startup_timeout_s="60"),
    ):
        pass

    assert children_of(os.getpid()) == before


@pytest.mark.e2e
def test_a_taken_port_is_a_clear_message_and_exit_1(emulator, template_path):
    port = emulator.dashboard_url.rstrip("/").rpartition(":")[2]
    second = Emulator(template_path, "--port", port, "--url-port-base", str(free_ports(20)))
    expected = f"the REST API: port {port} is in use by another program; choose another with --port"
    with pytest.raises(EmulatorFailed, match=expected):
        second.start()
