"""What does a process cost? CPU, memory, and the control groups of a small function. Linux only."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

# AWS promises one vCPU at 1,769 MB, in proportion below:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
SHARE_OF_128_MB = 128 / 1769
PERIOD_US = 20_000  # how often the share begins anew
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html
GROUPS = Path("/sys/fs/cgroup")
CPUCLOCK_SCHED = 2  # in the id of a process's clock: linux/posix-timers.h


def cpu_ms(pid: int) -> float:
    """Returns the CPU time of all threads that a process has and has had; 0 if it has ended.

    Counted by the scheduler in nanoseconds. (The ticks of /proc/PID/stat find a process that wakes
    up with a tick at work each time.)
    https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html
    """
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED) * 1000
    return 0.0


def uss_mib(pid: int) -> float:
    """Returns the memory that this process alone has."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"process {pid} has no VmRSS")


def cores() -> tuple[set[int], set[int]]:
    """Returns the core of the measured process and those of everything else."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) == 1:
        return set(usable), set(usable)
    return {usable[-1]}, set(usable[:-1])


@contextlib.contextmanager
def started(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    on: set[int],
    folder: Path | None = None,
    passed: Sequence[int] = (),
    enter: Callable[[int], None] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a process on these cores, and ends it and its children.

    `enter` is called with the process's id before its program begins.
    """

    def before_the_program() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a runner that is killed leaves nobody
        os.sched_setaffinity(0, on)
        if enter:
            enter(os.getpid())

    with Path(os.devnull).open("r+b") as nowhere:
        process = subprocess.Popen(
            command,
            env=dict(environ),
            cwd=folder,
            stdin=nowhere,
            stdout=nowhere,
            stderr=None if os.environ.get("BENCH_STDERR") else nowhere,
            start_new_session=True,
            pass_fds=passed,
            preexec_fn=before_the_program,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class SmallFunction:
    """Control groups with the CPU share and the memory of a 128 MB function.

    Only version 1 of control groups, for root. `missing` says why there are none. Memory is limited
    from the start and CPU from the end of init, which Lambda runs with more of a core.
    """

    def __init__(self, name: str) -> None:
        self.missing = ""
        self._cpu = GROUPS / "cpu" / name
        self._memory = GROUPS / "memory" / name
        try:
            self._cpu.mkdir(exist_ok=True)
            (self._cpu / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self._cpu / "cpu.cfs_quota_us").write_text(str(round(PERIOD_US * SHARE_OF_128_MB)))
            self._memory.mkdir(exist_ok=True)
            (self._memory / "memory.limit_in_bytes").write_text(str(128 << 20))
        except OSError as error:
            self.missing = f"no control groups here: {error.strerror}"
            self.close()

    def limit_memory(self, pid: int) -> None:
        (self._memory / "cgroup.procs").write_text(str(pid))

    def limit_cpu(self, pid: int) -> None:
        (self._cpu / "cgroup.procs").write_text(str(pid))

    def refused_pages(self) -> int:
        """Returns how often the process met the limit of its memory."""
        return int((self._memory / "memory.failcnt").read_text())

    def close(self) -> None:
        """Removes the groups. Their processes must have ended."""
        for folder in (self._cpu, self._memory):
            with contextlib.suppress(OSError):
                folder.rmdir()
