"""Holds all that needs Linux: Lambda's paths by mount namespaces, and its limits.

/opt, /var/task and /var/runtime; with `--as-lambda` the share of the processor and the memory by
control groups, and a /tmp for each environment. On another system, or where the system does not
allow it, a sentence says why.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html (1,769 MB are one core)
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and cgroup-v2.html
"""

import contextlib
import functools
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = Path(__file__).parents[1] / "programs/enter.py"
TASK = Path("/var/task")
OPT = Path("/opt")
RUNTIME = Path("/var/runtime")
_LIMIT_S = 10
_NODE = "node_modules"


@dataclass(frozen=True)
class Namespace:
    """Says how a process gets Lambda's paths. `program` is the compiled `enter.py`."""

    program: Path
    is_user: bool = False  # an unprivileged user mounts in a user namespace

    def command(
        self,
        task: Path,
        opt: Path,
        runtime: Path,
        command: Sequence[str],
        confined: Sequence[str] = (),
    ) -> list[str]:
        """Returns the command that gives `command` Lambda's paths and then becomes it.

        `confined` are the words of a `Confinement`.

        /opt and /var/runtime are read-only, and so is /var/task, unless the code has links that
        lead out of it: then /var/task is a link itself, because such a link works only from where
        the code lies.
        """
        words = [_python(), "-I", "-S", str(self.program)]
        words += ["--user"] if self.is_user else []
        words += ["--link" if leads_out(task) else "--bind", str(task), str(TASK)]
        words += ["--bind", str(opt), str(OPT)]
        words += ["--bind", str(runtime), str(RUNTIME)]
        return [*words, *confined, "--cd", str(TASK), "--", *command]


def _python() -> str:
    """Returns the emulator's interpreter. That of no virtual environment starts fastest."""
    base = str(getattr(sys, "_base_executable", None) or sys.executable)
    return base if os.access(base, os.X_OK) else sys.executable


def compiled_program(directory: Path) -> Path:
    """Compiles `enter.py` once, because each start of an environment would do it again."""
    program = directory / "enter.pyc"
    if not program.exists():
        py_compile.compile(str(_PROGRAM), cfile=str(program), doraise=True)
    return program


def namespace(directory: Path) -> Namespace | str:
    """Tries in `directory`, an empty folder, whether mount namespaces can be had.

    Returns the sentence that says why not.
    """
    if not sys.platform.startswith("linux"):
        return "mount namespaces exist on Linux only"
    if not OPT.is_dir():
        return "this machine has no folder /opt"
    program = compiled_program(directory)
    tries = [Namespace(program), Namespace(program, is_user=True)]
    reason = ""
    for candidate in tries if os.geteuid() == 0 else tries[1:]:
        run = [sys.executable, "-I", "-S", "-c", ""]
        command = candidate.command(directory, directory, directory, command=run)
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_LIMIT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"mount namespaces cannot be tried here: {error}"
        if not ended.returncode:
            return candidate
        reason = ended.stderr.strip().rpartition("paths: ")[2]
    return f"this user may make no mount namespace ({reason})"


def hidden(paths: Iterable[str | Path], places: Sequence[Path] = (OPT, TASK, RUNTIME)) -> str:
    """Returns the first of the paths that mounts at `places` would hide, or an empty text."""
    for path in paths:
        ways = (Path(path), Path(os.path.realpath(path)))
        if any(way.is_relative_to(place) for way in ways for place in places):
            return str(path)
    return ""


@functools.cache
def leads_out(folder: Path) -> bool:
    """Says whether a folder has relative links that lead out of it.

    What packaging tools leave out is not looked at.
    """
    for place, folders, files in os.walk(folder):
        paths = [os.path.join(place, name) for name in (*folders, *files)]
        if any(os.path.islink(path) and points_out(path, folder) for path in paths):
            return True
        folders[:] = [name for name in folders if not name.startswith(".") and name != _NODE]
    return False


def points_out(link: str, folder: Path) -> bool:
    """Says whether a link is relative and leads out of the folder."""
    target = os.readlink(link)
    if os.path.isabs(target):
        return False
    reached = os.path.normpath(os.path.join(os.path.dirname(link), target))
    return not Path(reached).is_relative_to(folder)


# Limits: what follows counts with `--as-lambda` only.

MB_PER_CORE = 1769
_PERIOD_US = 20_000
_MINIMUM_QUOTA_US = 1_000
# A file system needs a part of its space itself.
_TMP_OVERHEAD_MB = 32
_REMOVE_TRIES = 50
_REMOVE_PAUSE_S = 0.02
_BOTH = {"cpu", "memory"}
_ADVICE = "start it so: systemd-run --user --scope -p Delegate=yes local-lambda ..."


class GroupsUnavailable(Exception):
    """Control groups cannot be had. The message says why."""


@dataclass(frozen=True)
class ControlGroups:
    """Knows the folders in which groups are made: one of version 2, or one for each controller."""

    version: int
    folders: Mapping[str, Path]  # by controller: cpu, memory

    def make(self, name: str, memory_mb: int) -> "Group":
        """Makes the group of one environment, its processor not limited yet. Raises OSError."""
        group = Group(self.version, {key: path / name for key, path in self.folders.items()})
        for folder in group.unique:
            folder.mkdir(exist_ok=True)
        group.limit_memory(memory_mb)
        return group

    def remove(self) -> None:
        for folder in dict.fromkeys(self.folders.values()):
            remove_group(folder)


@dataclass(frozen=True)
class Group:
    """Limits the processes of one environment."""

    version: int
    folders: Mapping[str, Path]

    @property
    def unique(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(self.folders.values()))

    def limit_memory(self, memory_mb: int) -> None:
        if folder := self.folders.get("memory"):
            limit = str(memory_mb << 20)
            if self.version == 2:
                (folder / "memory.max").write_text(limit)
                _write_if_there(folder / "memory.swap.max", "0")
                _write_if_there(folder / "memory.oom.group", "1")
            else:
                (folder / "memory.limit_in_bytes").write_text(limit)
                _write_if_there(folder / "memory.memsw.limit_in_bytes", limit)

    def limit_processor(self, memory_mb: int) -> None:
        """Gives the processes the share of the processor that belongs to their memory."""
        if folder := self.folders.get("cpu"):
            quota = max(_MINIMUM_QUOTA_US, _PERIOD_US * memory_mb // MB_PER_CORE)
            if self.version == 2:
                (folder / "cpu.max").write_text(f"{quota} {_PERIOD_US}")
            else:
                (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
                (folder / "cpu.cfs_quota_us").write_text(str(quota))

    def killed(self) -> int:
        """Returns how many processes the kernel has killed for want of memory."""
        folder = self.folders.get("memory")
        if folder is None:
            return 0
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        with contextlib.suppress(OSError):
            counts = dict(line.split() for line in (folder / name).read_text().splitlines())
            return int(counts.get("oom_kill", 0))
        return 0


def _write_if_there(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        if path.exists():
            path.write_text(text)


def remove_group(folder: Path) -> None:
    """Ends what still runs in a group and its groups, and removes them."""
    for inner in folder.glob("*/"):
        remove_group(inner)
    for _ in range(_REMOVE_TRIES):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            _kill_members(folder)
            time.sleep(_REMOVE_PAUSE_S)
        else:
            return


def _kill_members(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def control_groups(proc: Path = Path("/proc")) -> tuple[ControlGroups | None, list[str]]:
    """Makes the groups in which each environment gets one.

    Returns them, and what cannot be had: a sentence for each.
    """
    if not sys.platform.startswith("linux"):
        return None, ["control groups exist on Linux only"]
    name = f"local-lambda-{os.getpid()}"
    try:
        mounts = _group_mounts((proc / "self/mountinfo").read_text())
        paths = _group_paths((proc / "self/cgroup").read_text())
    except OSError as error:
        return None, [f"control groups cannot be read: {error}"]
    reasons = []
    folders: dict[str, Path] = {}
    for controller in ("cpu", "memory"):
        if controller not in mounts:
            continue
        base = _base(mounts[controller], paths.get(controller, "/"))
        try:
            (base / name).mkdir()
        except OSError as error:
            what = {"cpu": "the processor", "memory": "the memory"}[controller]
            reasons.append(f"{what} is not limited: {base}: {error.strerror}; root may do it")
        else:
            folders[controller] = base / name
    if folders or reasons:
        return (ControlGroups(1, folders) if folders else None), reasons
    try:
        return _version_2(mounts, paths, name), []
    except GroupsUnavailable as error:
        return None, [str(error)]


def _group_mounts(mountinfo: str) -> dict[str, tuple[Path, str]]:
    """Returns mount point and root of each controller of version 1, and of version 2 as ``."""
    mounts: dict[str, tuple[Path, str]] = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        kind, _, options = after.split(" ", 2)
        place = (Path(fields[4]), fields[3])
        if kind == "cgroup2":
            mounts[""] = place
        elif kind == "cgroup":
            for name in options.split(","):
                mounts[name] = place
    return mounts


def _group_paths(text: str) -> dict[str, str]:
    """Returns this process's group for each controller of version 1, and of version 2 as ``."""
    paths = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def _base(mount: tuple[Path, str], path: str) -> Path:
    """Returns the folder of this process's group. In a container the mount shows a part only."""
    point, root = mount
    relative = path.removeprefix(root) if root != "/" else path
    base = point / relative.lstrip("/")
    return base if base.is_dir() else point


def _version_2(
    mounts: Mapping[str, tuple[Path, str]], paths: Mapping[str, str], name: str
) -> ControlGroups:
    """Makes a group below this process's own, or below the first of all. Raises GroupsUnavailable.

    Only root may do the latter, and only where the controllers are handed out already.
    """
    if "" not in mounts:
        raise GroupsUnavailable("this system has no control groups")
    point = mounts[""][0]
    base = _base(mounts[""], paths.get("", "/"))
    try:
        return _below(base, name)
    except GroupsUnavailable:
        if base == point or not _words(point / "cgroup.subtree_control") >= _BOTH:
            raise
        with contextlib.suppress(GroupsUnavailable):
            return _below(point, name)
        raise


def _words(path: Path) -> set[str]:
    try:
        return set(path.read_text().split())
    except OSError:
        return set()


def _below(base: Path, name: str) -> ControlGroups:
    """Raises GroupsUnavailable."""
    if missing := sorted(_BOTH - _words(base / "cgroup.controllers")):
        text = f"the control group {base} has no {' and '.join(missing)}"
        raise GroupsUnavailable(f"{text}; {_ADVICE}")
    try:
        if not _words(base / "cgroup.subtree_control") >= _BOTH:
            _move_members(base, base / f"{name}-emulator")
            (base / "cgroup.subtree_control").write_text("+cpu +memory")
        folder = base / name
        folder.mkdir()
        (folder / "cgroup.subtree_control").write_text("+cpu +memory")
    except OSError as error:
        reason = f"the control group {base} cannot be used: {error.strerror}"
        raise GroupsUnavailable(f"{reason}; {_ADVICE}") from error
    return ControlGroups(2, {"cpu": folder, "memory": folder})


def _move_members(base: Path, leaf: Path) -> None:
    """Moves the emulator and its programs into a group of their own, as version 2 demands.

    Raises OSError and GroupsUnavailable.
    """
    members = [int(pid) for pid in (base / "cgroup.procs").read_text().split()]
    if others := [pid for pid in members if not _is_ours(pid)]:
        text = f"the control group {base} holds other processes ({others[0]})"
        raise GroupsUnavailable(f"{text}; {_ADVICE}")
    leaf.mkdir()
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            (leaf / "cgroup.procs").write_text(str(pid))


def _is_ours(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return True  # it has ended
        pid = int(status.rpartition(")")[2].split()[1])
    return False


@dataclass(frozen=True)
class Confinement:
    """Confines one environment: the words for `enter.py`, and its group."""

    words: tuple[str, ...] = ()
    group: Group | None = None
    memory_mb: int = 0

    def throttle(self) -> None:
        """Limits the processor. The init phase has a full core or more."""
        if self.group:
            with contextlib.suppress(OSError):  # the environment has ended
                self.group.limit_processor(self.memory_mb)

    def discard(self) -> None:
        """Gives up what no process has taken: the device of /tmp. The group goes as ever."""
        if "--tmp-device" in self.words:
            device = self.words[self.words.index("--tmp-device") + 1]
            with contextlib.suppress(OSError):
                subprocess.run(["losetup", "--detach", device], check=False, capture_output=True)

    def exceeded_memory(self) -> bool:
        return bool(self.group and self.group.killed())

    def remove(self) -> None:
        if self.group:
            for folder in self.group.unique:
                remove_group(folder)


@dataclass(frozen=True)
class Limits:
    """Says how `--as-lambda` confines environments. `directory` takes images of /tmp."""

    program: Path
    groups: ControlGroups | None
    directory: Path
    private_tmp: bool

    def confine(self, name: str, memory_mb: int, tmp_mb: int, private_tmp: bool) -> Confinement:
        """Makes the confinement of one environment. Raises OSError."""
        words: list[str] = []
        if self.private_tmp and private_tmp:
            words += self._tmp_words(name, tmp_mb)
        group = self.groups.make(name, memory_mb) if self.groups else None
        for folder in group.unique if group else ():
            words += ["--join", str(folder / "cgroup.procs")]
        return Confinement(tuple(words), group, memory_mb)

    def _tmp_words(self, name: str, tmp_mb: int) -> list[str]:
        if os.geteuid() == 0 and self.groups and (device := self._loop_device(name, tmp_mb)):
            return ["--tmp-device", device]
        return ["--tmp-bytes", str(tmp_mb << 20)]

    def _loop_device(self, name: str, size_mb: int) -> str:
        """Returns a loop device with an empty file system, or an empty text.

        A folder in memory would count as memory of the function. On Lambda, /tmp does not.
        """
        image = self.directory / f"tmp-{name}.img"
        make = ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-N", "16384"]
        make += ["-E", "lazy_itable_init=1,nodiscard", str(image)]
        try:
            with image.open("wb") as file:
                file.truncate((size_mb + _TMP_OVERHEAD_MB) << 20)
            subprocess.run(make, check=True, capture_output=True)
            attach = ["losetup", "--find", "--show", str(image)]
            device = subprocess.run(attach, check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return ""
        finally:
            image.unlink(missing_ok=True)  # the device keeps it
        return device.strip()

    def command(self, command: Sequence[str], confined: Sequence[str], task: Path) -> list[str]:
        """Returns the command that joins the groups, where there is no namespace."""
        words = [_python(), "-I", "-S", str(self.program), *confined]
        return [*words, "--cd", str(task), "--", *command]


def limits(directory: Path, has_namespace: bool) -> tuple[Limits, list[str]]:
    """Returns the limits that can be had here, and a sentence for each that cannot."""
    groups, reasons = control_groups()
    if not has_namespace:
        reasons.append("/tmp is the machine's: there is no mount namespace")
    elif groups and "memory" in groups.folders and not _has_loop_devices():
        reasons.append("what functions write to /tmp counts as their memory: no loop devices")
    return Limits(compiled_program(directory), groups, directory, has_namespace), reasons


def _has_loop_devices() -> bool:
    programs = all(map(shutil.which, ("mkfs.ext4", "losetup")))
    return programs and os.access("/dev/loop-control", os.W_OK)
