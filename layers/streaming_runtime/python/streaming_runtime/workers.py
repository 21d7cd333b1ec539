"""Several invocations at once, each in a process of its own (docs/concurrency.md).

`Parent.run` forks the workers. It returns in each worker, with its `Seat`, and at last in the
parent, with the exit status of the environment. The parent serves nothing: it replaces workers that
die, and passes SIGTERM on.
"""

from __future__ import annotations

import gc
import mmap
import os
import select
import signal
import sys
from importlib import import_module

from streaming_runtime.context import REQUEST_ID
from streaming_runtime.errors import RuntimeFault
from streaming_runtime.runtime_api import Invocation, PlatformGone, RuntimeApi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from streaming_runtime.invocation import Process
    from streaming_runtime.loop import Sigterm
    from streaming_runtime.runtime_api import Response
    from streaming_runtime.settings import Settings

# How far a worker has come: one byte of memory that it shares with the parent.
STARTING = 0
READY = 1  # it has asked for its first invocation
SERVED = 2  # at least one invocation is over
REPORTED = 3  # it has told the platform that the init failed
GAVE_UP = 4  # it ends because the whole environment must
FAILED_TOO = 5  # its init failed after another one's
AFTER_INIT = (READY, SERVED, GAVE_UP)
SEAT_BYTES = 512  # the state, and the ids of the invocation that runs
LONGEST_IDS_BYTES = 255
# Imported before the first fork, so that workers share the code: most functions import them.
PRELOADED = ("dataclasses", "inspect", "logging", "threading", "typing", "urllib.parse")
SIGNALS = (signal.SIGTERM, signal.SIGCHLD)


class Seat:
    """One worker's place, on which it notes what the parent and a successor have to know."""

    def __init__(
        self, board: memoryview, any_started: memoryview, first_failure: FirstOnly
    ) -> None:
        self._board = board
        self._any_started = any_started  # one byte for all seats, which is never cleared
        self._first_failure = first_failure
        self.lost: Invocation | None = None  # the invocation in which the worker before this died
        self.lost_to = ""  # how that one ended

    @property
    def state(self) -> int:
        return self._board[0]

    @state.setter
    def state(self, state: int) -> None:
        if state in AFTER_INIT:
            self._any_started[0] = 1
        self._board[0] = state

    def clear(self) -> None:
        self._board[:2] = bytes(2)

    def waits(self) -> None:
        """Notes that the worker is about to ask for an invocation, so that none runs."""
        if self._board[1]:
            self._board[:2] = bytes([SERVED, 0])
        elif self.state == STARTING:
            self.state = READY

    def is_first_failure(self) -> bool:
        """Notes a failed init. The first one reports it: the others would say the same."""
        is_first = self._first_failure.take()
        self.state = REPORTED if is_first else FAILED_TOO
        return is_first

    def takes(self, invocation: Invocation) -> None:
        """Notes the ids of the invocation that begins."""
        ids = f"{invocation.aws_request_id}\n{invocation.invocation_id or ''}".encode()
        if len(ids) <= LONGEST_IDS_BYTES:
            self._board[2 : 2 + len(ids)] = ids
            self._board[1] = len(ids)  # last: only now are there ids

    def running(self) -> Invocation | None:
        """Returns the ids of the invocation that runs."""
        if not self._board[1]:
            return None
        ids = bytes(self._board[2 : 2 + self._board[1]]).decode()
        request_id, _, invocation_id = ids.partition("\n")
        fields: dict[str, Any] = dict.fromkeys(Invocation._fields)
        fields["aws_request_id"] = request_id
        fields["invocation_id"] = invocation_id or None
        return Invocation(**fields)


class WorkerApi(RuntimeApi):
    """A worker's way to the Runtime API. It notes where invocations begin and end."""

    def __init__(self, settings: Settings, seat: Seat) -> None:
        super().__init__(settings.address, ascii_only=settings.ascii_only)
        self._seat = seat

    def next(self) -> Invocation | Response:
        self._seat.waits()
        invocation = super().next()
        if isinstance(invocation, Invocation):
            self._seat.takes(invocation)
        return invocation

    def report_lost(self) -> None:
        """Ends the invocation in which the worker before this one died.

        Its client would otherwise wait for the function's timeout. The platform refuses where a
        response has begun.
        """
        lost = self._seat.lost
        if lost is None:
            return
        self._seat.lost = None
        fault = RuntimeFault("Runtime.ExitError", f"A worker process ended: {self._seat.lost_to}")
        before = REQUEST_ID.set(lost.aws_request_id)
        try:
            self.error(f"invocation/{lost.aws_request_id}", fault, lost)
        except PlatformGone:
            pass
        finally:
            REQUEST_ID.reset(before)


class Parent:
    """Keeps as many workers alive as the settings say.

    `sigterm` handles that signal. `drain_s`: how long workers have to end what they do. `pause_s`
    gives the seconds before the next try, after so many workers in a row that died in vain.
    """

    def __init__(
        self,
        process: Process,
        *,
        sigterm: Sigterm,
        drain_s: float,
        pause_s: Callable[[int], float],
    ) -> None:
        self._log = process.log
        self._stop = process.stop
        self._monotonic = process.monotonic
        self._log_socket = process.settings.log_socket
        self._sigterm = sigterm
        self._drain_s = drain_s
        self._pause_s = pause_s
        count = process.settings.concurrency
        self._pid = os.getpid()
        board = memoryview(mmap.mmap(-1, count * SEAT_BYTES + 1))
        self._any_started = board[-1:]
        starts = range(0, count * SEAT_BYTES, SEAT_BYTES)
        first_failure = FirstOnly()
        self.seats = [
            Seat(board[start : start + SEAT_BYTES], self._any_started, first_failure)
            for start in starts
        ]
        self._pids: dict[int, int] = {}  # the living workers, by the numbers of their seats
        self.due_at_s = dict.fromkeys(range(count), 0.0)  # the empty seats, and when to fill them
        self._in_vain = [0] * count  # how many workers in a row died before they had served
        self._life = os.pipe()  # the parent alone holds the end for writing
        self._bell = Bell()

    def run(self) -> Seat | int:
        """Returns the seat in a worker, and the environment's exit status in the parent."""
        for module in PRELOADED:
            import_module(module)
        gc.freeze()  # a collection in a worker would write to every object, and so copy its memory
        self._bell.hang_up({signal.SIGTERM: self._sigterm.note, signal.SIGCHLD: _only_wake})
        while not self._stop:
            for number in self._due():
                seat = self._fork(number)
                if seat is not None:
                    return seat
            self._bell.wait(self.next_due_in_s())
            for number, status in self._ended():
                exit_status = self.judged(number, status)
                if exit_status is not None:
                    return self._end(exit_status)
        return self._end(0)

    def has_started(self) -> bool:
        """Whether any worker has asked for an invocation: then the environment's init is over."""
        return bool(self._any_started[0])

    def _due(self) -> list[int]:
        now_s = self._monotonic()
        return [number for number, at_s in self.due_at_s.items() if at_s <= now_s]

    def next_due_in_s(self) -> float | None:
        if not self.due_at_s:
            return None
        return max(0.0, min(self.due_at_s.values()) - self._monotonic())

    def _fork(self, number: int) -> Seat | None:
        """Starts the worker of a seat. Returns the seat in the worker, None in the parent."""
        seat = self.seats[number]
        seat.clear()
        for output in (sys.stdout, sys.stderr):
            output.flush()  # or the worker would write the same again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = _fork_without_warning()
            if pid == 0:
                self._become_worker()
                return seat
            self._pids[number] = pid
            del self.due_at_s[number]
            seat.lost = None
        except OSError as error:
            if os.getpid() != self._pid:
                raise
            self._in_vain[number] += 1
            self.due_at_s[number] = self._monotonic() + self._pause_s(self._in_vain[number])
            self._log.write("ERROR", f"runtime.fork_failed: {error}")
        finally:  # in the worker, a SIGTERM that came meanwhile is handled here
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return None

    def _become_worker(self) -> None:
        """Gives up what is the parent's, and takes care not to outlive it."""
        self._sigterm.adopt()
        self._bell.take_down()
        os.close(self._life[1])
        try:
            redirect_output(self._log_socket)
        except OSError as error:  # then it goes where the parent's goes
            self._log.write("WARN", f"runtime.log_unreachable: {self._log_socket}: {error}")
        end_with(self._life[0], self._pid)

    def _ended(self) -> list[tuple[int, int]]:
        """Returns the seats whose workers have ended, with their wait statuses.

        It asks for each by its id: other children are the function's, which waits for them itself.
        """
        ended = []
        for number, pid in list(self._pids.items()):
            try:
                found, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # the function waits for any child
                found = pid
                status = 0
            if found:
                del self._pids[number]
                ended.append((number, status))
        return ended

    def judged(self, number: int, status: int) -> int | None:
        """Returns the environment's exit status if it must end. Otherwise plans a new worker."""
        seat = self.seats[number]
        exit_status = os.waitstatus_to_exitcode(status)
        if seat.state == GAVE_UP:
            return 1
        if seat.state == REPORTED:
            return exit_status
        if seat.state == FAILED_TOO:
            return None  # the one that reports it is about to end
        if self._stop:
            return None
        ending = _ending(exit_status)
        if not self.has_started():
            self._log.write("ERROR", f"runtime.worker_died: {ending}, while it started")
            return 128 - exit_status if exit_status < 0 else exit_status or 1
        self._replace(number, ending)
        return None

    def _replace(self, number: int, ending: str) -> None:
        seat = self.seats[number]
        seat.lost = seat.running()
        seat.lost_to = ending
        self._in_vain[number] += 1
        if seat.state == SERVED:
            self._in_vain[number] = 0
        pause_s = self._pause_s(self._in_vain[number])
        self.due_at_s[number] = self._monotonic() + pause_s
        lost = ""
        if seat.lost:
            lost = f" in the invocation {seat.lost.aws_request_id}"
        said = f"{ending}{lost}; the next one starts in {pause_s:g} s"
        self._log.write("ERROR", f"runtime.worker_died: {said}")

    def _end(self, exit_status: int) -> int:
        """Ends all workers: with SIGTERM, and after `drain_s` with SIGKILL."""
        self._kill(signal.SIGTERM)
        until_s = self._monotonic() + self._drain_s
        while self._pids and self._monotonic() < until_s:
            self._bell.wait(until_s - self._monotonic())
            self._ended()
        self._kill(signal.SIGKILL)
        for pid in self._pids.values():
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass
        return exit_status

    def _kill(self, number: int) -> None:
        for pid in self._pids.values():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


class Bell:
    """Wakes the parent up for each signal, whichever of its threads the signal reaches."""

    def __init__(self) -> None:
        self._ends = os.pipe()
        for end in self._ends:
            os.set_blocking(end, False)
        self._fd_before = -1
        self._handlers_before: dict[int, Any] = {}

    def hang_up(self, handlers: dict[int, Any]) -> None:
        self._fd_before = signal.set_wakeup_fd(self._ends[1], warn_on_full_buffer=False)
        for number, handler in handlers.items():
            self._handlers_before[number] = signal.signal(number, handler)

    def take_down(self) -> None:
        """Handles signals as before."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._handlers_before.items():
            if handler is not None:  # one that is not Python's cannot be set again
                signal.signal(number, handler)
        for end in self._ends:
            os.close(end)

    def wait(self, within_s: float | None) -> None:
        rung = select.poll()
        rung.register(self._ends[0], select.POLLIN)
        within_ms = None
        if within_s is not None:
            within_ms = max(0.0, within_s * 1000)
        if rung.poll(within_ms):
            os.read(self._ends[0], 4096)


class FirstOnly:
    """Says yes once, to one of many processes."""

    def __init__(self) -> None:
        self._ends = os.pipe()
        os.set_blocking(self._ends[0], False)
        os.write(self._ends[1], b"1")

    def take(self) -> bool:
        try:
            return bool(os.read(self._ends[0], 1))
        except BlockingIOError:
            return False


def redirect_output(socket_path: str | None) -> None:
    """Connects standard output and error of a worker to Lambda's log, where it has one for each.

    Each gets a connection of its own, as with the stock client.
    """
    if not socket_path:
        return
    import socket

    for output in (1, 2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(socket_path)
            os.dup2(connection.fileno(), output)


def end_with(life: int, parent_pid: int) -> None:
    """Has the kernel send SIGTERM to this process when the last writer of `life` is gone.

    It comes in the middle of an invocation, too. The pipe is opened anew, because an open file has
    one owner. https://man7.org/linux/man-pages/man2/F_SETSIG.2const.html
    """
    import fcntl

    if not hasattr(fcntl, "F_SETSIG"):  # not Linux: the emulator ends the whole group
        return
    own = os.open(f"/proc/self/fd/{life}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.close(life)
    fcntl.fcntl(own, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)
    if os.getppid() != parent_pid:  # it died before this was set up
        os.kill(os.getpid(), signal.SIGTERM)


def _fork_without_warning() -> int:
    """Forks, also with threads around, of which docs/concurrency.md warns in its own words."""
    warnings: Any = sys.modules.get("warnings")
    if warnings is None:
        return os.fork()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()


def _only_wake(_number: int, _frame: FrameType | None) -> None:
    """Handles SIGCHLD: a signal without a handler would wake nobody up."""


def _ending(exit_status: int) -> str:
    if exit_status < 0:
        return f"signal {signal.Signals(-exit_status).name}"
    return f"exit status {exit_status}"
