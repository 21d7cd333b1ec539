"""Starts child processes that never outlive the emulator.

Each runs in its own session, has its output prefixed with its name, and is known to the reaper.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

_READ_BYTES = 64 * 1024
_MAX_LINE_BYTES = 256 * 1024


class ProcessGroup:
    def __init__(self, process: asyncio.subprocess.Process, on_end: Callable[[int], None]) -> None:
        self._process = process
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

    def __init__(self, output: TextIO = sys.stderr) -> None:
        self._output = output
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()

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

    async def close(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def start(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        directory: Path,
        name: str,
        pass_fds: Sequence[int] = (),
    ) -> ProcessGroup:
        """Starts a process in a session of its own. Raises OSError."""
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
        forwarding = self._forward(read_end, f"{name}[{process.pid}]")
        task = asyncio.get_running_loop().create_task(forwarding)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return ProcessGroup(process, lambda pid: self._tell(f"remove {pid}"))

    def _tell(self, line: str) -> None:
        stdin = self._process.stdin if self._process else None
        if stdin and not stdin.is_closing():
            stdin.write(f"{line}\n".encode())

    async def _forward(self, read_end: int, prefix: str) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        rest = b""
        try:
            while piece := await reader.read(_READ_BYTES):
                *lines, rest = (rest + piece).split(b"\n")
                if len(rest) > _MAX_LINE_BYTES:
                    lines.append(rest)
                    rest = b""
                self._write(prefix, lines)
        finally:
            self._write(prefix, [rest] if rest else [])
            transport.close()

    def _write(self, prefix: str, lines: Sequence[bytes]) -> None:
        # As on Lambda, "\r" ends a line but not the record.
        parts = [part for line in lines for part in line.rstrip(b"\r").split(b"\r")]
        text = "".join(f"{prefix} {part.decode('utf-8', 'replace')}\n" for part in parts)
        with contextlib.suppress(ValueError, OSError):
            self._output.write(text)
            self._output.flush()
