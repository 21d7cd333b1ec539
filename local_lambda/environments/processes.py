"""Starts child processes that never outlive the emulator.

Each runs in its own session, has its output prefixed with its name, and is known to the reaper.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from local_lambda.environments.output import Output
from local_lambda.logs import Log


class ProcessGroup:
    """Controls a session of processes. `output` is what they write."""

    def __init__(
        self, process: asyncio.subprocess.Process, output: Output, on_end: Callable[[int], None]
    ) -> None:
        self._process = process
        self.output = output
        self._on_end = on_end
        self.pid = process.pid
        self._over = False

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if not self._over:
                os.killpg(self.pid, number)

    async def ended(self) -> int:
        """Waits for the first process, kills the rest of the group, and returns the exit code."""
        code = await self._process.wait()
        self.signal(signal.SIGKILL)
        if not self._over:
            self._over = True
            self._on_end(self.pid)
        return code


class Reaper:
    """Starts processes, and a reaper process that kills them if the emulator dies."""

    def __init__(self, log: Log | None = None) -> None:
        self.log = log or Log()
        self._process: asyncio.subprocess.Process | None = None
        self._outputs: list[Output] = []

    async def open(self, directory: Path) -> None:
        """Starts the reaper process, which removes `directory` in the end."""
        program = Path(__file__).parents[1] / "programs/reaper.py"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(program),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._tell(f"directory {directory}")

    def remove_groups(self, folders: Iterable[Path]) -> None:
        """Lets the reaper process remove control groups, and end what runs in them."""
        for folder in folders:
            self._tell(f"cgroup {folder}")

    async def close(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()
        for output in self._outputs:
            output.close()

    async def start(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        directory: Path,
        name: str,
        pass_fds: Sequence[int] = (),
        request_id: Callable[[], str] = lambda: "",
    ) -> ProcessGroup:
        """Starts a process in a session of its own. Raises OSError.

        `request_id` tells which invocation the next lines of its output belong to.
        """
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                env=dict(variables),
                cwd=directory,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        except OSError:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        self._tell(f"add {process.pid}")
        source = f"{name}[{process.pid}]"

        def write(line: str) -> None:
            self.log.write(source, line, request_id(), is_output=True)

        output = Output(read_end, write)
        self._outputs = [each for each in self._outputs if not each.is_over]
        self._outputs.append(output)
        return ProcessGroup(process, output, lambda pid: self._tell(f"remove {pid}"))

    def _tell(self, line: str) -> None:
        stdin = self._process.stdin if self._process else None
        if stdin and not stdin.is_closing():
            stdin.write(f"{line}\n".encode())
