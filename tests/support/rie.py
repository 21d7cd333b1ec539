"""Starts AWS's runtime interface emulator (RIE) around a runtime.

It takes one invocation at a time: two at once crash it.
"""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support.tools import runtime_interface_emulator
from tests.support.waiting import eventually


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], variables: Mapping[str, str], directory: Path, log: Path
) -> Iterator[str]:
    """Yields the URL of Invoke. The runtime starts with the first call, in `directory`."""
    port = free_port()
    line = [runtime_interface_emulator(), "--runtime-api-address", f"127.0.0.1:{free_port()}"]
    line += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}", *command]
    with log.open("wb") as file:
        process = subprocess.Popen(
            line,
            env=dict(variables),
            stdout=file,
            stderr=file,
            cwd=directory,
            start_new_session=True,
        )
    try:
        eventually(
            lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True,
            retry_on=OSError,
        )
        yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    finally:
        os.killpg(process.pid, 9)
        process.wait(10)
