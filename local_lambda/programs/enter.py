"""Gives one process Lambda's file system, then becomes the process.

The emulator starts it as `python -I -S enter.py OPTIONS -- COMMAND`. In a mount namespace of its
own it puts folders at Lambda's paths, joins control groups, and executes the command, so pid,
session and process group are the command's. Nothing outside of the namespace changes. Linux only;
it imports little, because every start of an environment pays for it.
https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
"""

from __future__ import annotations

# The modules `ctypes` and `signal` take ten milliseconds to import, these take none.
import _ctypes
import _signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
_ST_RELATIME = 4096
# Flags with the same number in statvfs and mount: nosuid, nodev, noexec, noatime, nodiratime.
_KEPT_FLAGS = 2 | 4 | 8 | 1024 | 2048
LOOP_CLR_FD = 0x4C01
FAILED = 70


class Plan:
    """Holds the options."""

    def __init__(self, arguments: list[str]) -> None:
        self.user = False  # make a user namespace, because this user may not mount
        self.binds: list[tuple[str, str]] = []  # source, target: read-only
        self.links: list[tuple[str, str]] = []  # source, target: a symbolic link
        self.tmp_bytes = ""  # size of a private /tmp in memory
        self.tmp_device = ""  # loop device with the file system of a private /tmp
        self.groups: list[str] = []  # files `cgroup.procs`
        self.directory = "/"
        words = iter(arguments)
        for word in words:
            if word == "--":
                break
            self._take(word, words)
        self.command = list(words)

    def _take(self, word: str, words: Iterator[str]) -> None:
        if word == "--user":
            self.user = True
        elif word == "--bind":
            self.binds.append((next(words), next(words)))
        elif word == "--link":
            self.links.append((next(words), next(words)))
        elif word == "--tmp-bytes":
            self.tmp_bytes = next(words)
        elif word == "--tmp-device":
            self.tmp_device = next(words)
        elif word == "--join":
            self.groups.append(next(words))
        else:
            assert word == "--cd", word
            self.directory = next(words)


def main() -> None:
    plan = Plan(sys.argv[1:])
    try:
        for group in plan.groups:
            _write(group, str(os.getpid()))
        if plan.binds or plan.links:
            _enter_namespace(plan)
        os.chdir(plan.directory)
        _become(plan.command)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"local-lambda cannot make Lambda's paths: {place}{error.strerror}\n")
        sys.exit(FAILED)


def _enter_namespace(plan: Plan) -> None:
    user = os.getuid()
    group = os.getgid()
    _call("unshare", (CLONE_NEWNS | (CLONE_NEWUSER if plan.user else 0),))
    if plan.user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _mount("none", "/", MS_REC | MS_PRIVATE)
    # Sources are opened first: a mount may hide them.
    binds = [(_opened(source), target) for source, target in plan.binds]
    _make_targets([target for _, target in plan.binds], plan.links)
    for source, target in binds:
        _bind_read_only(source, target)
    if plan.tmp_device:
        _mount_device(plan.tmp_device)
    elif plan.tmp_bytes:
        data = f"size={plan.tmp_bytes},mode=1777"
        _mount("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, kind="tmpfs", data=data)


def _mount_device(device: str) -> None:
    """Mounts a loop device on /tmp, and lets the kernel free it at the end of the namespace."""
    import fcntl

    _mount(device, "/tmp", MS_NOSUID | MS_NODEV, kind="ext4")
    os.rmdir("/tmp/lost+found")
    os.chmod("/tmp", 0o1777)
    descriptor = os.open(device, os.O_RDONLY)
    fcntl.ioctl(descriptor, LOOP_CLR_FD)
    os.close(descriptor)


def _opened(path: str) -> str:
    return f"/proc/self/fd/{os.open(path, os.O_PATH)}"


def _make_targets(folders: list[str], links: list[tuple[str, str]]) -> None:
    """Makes the folders and links that do not exist, on a copy of their parent in memory."""
    missing = [folder for folder in folders if not os.path.isdir(folder)]
    places = [*missing, *(target for _, target in links)]
    for parent in dict.fromkeys(map(os.path.dirname, places)):
        _cover(parent, [place for place in places if os.path.dirname(place) == parent])
    for folder in missing:
        os.mkdir(folder)
    for source, target in links:
        os.symlink(source, target)


def _cover(parent: str, without: list[str]) -> None:
    """Mounts a folder in memory over `parent`, and what `parent` holds back into it."""
    names = os.listdir(parent)
    original = _opened(parent)
    _mount("tmpfs", parent, MS_NOSUID | MS_NODEV, kind="tmpfs", data="mode=755")
    for name in names:
        target = f"{parent}/{name}"
        if target in without:
            continue
        source = f"{original}/{name}"
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
            continue
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
        _mount(source, target, MS_BIND | MS_REC)


def _bind_read_only(source: str, target: str) -> None:
    _mount(source, target, MS_BIND | MS_REC)
    flags = os.statvfs(target).f_flag
    # In a user namespace the flags of the file system may not be dropped.
    kept = flags & _KEPT_FLAGS | (MS_RELATIME if flags & _ST_RELATIME else 0)
    _mount("none", target, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def _mount(source: str, target: str, flags: int, kind: str = "", data: str = "") -> None:
    words = [os.fsencode(source), os.fsencode(target), kind.encode() or None]
    _call("mount", (*words, flags, data.encode() or None), target)


def _call(name: str, arguments: tuple[object, ...], target: str = "") -> None:
    """Calls a function of the C library. Raises OSError."""
    library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
    address = _ctypes.dlsym(library, name)
    if not _ctypes.call_function(address, arguments):
        return
    # Only `ctypes` knows why. What has failed fails again.
    import ctypes

    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"{name} {target}".strip())


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _become(command: list[str]) -> None:
    """Executes the command with the variables and signals that this process was started with."""
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # Python ignores them
        _signal.signal(number, _signal.SIG_DFL)
    # Python may have added a variable of the locale to its own.
    with open("/proc/self/environ", "rb") as file:
        pairs = [pair.partition(b"=") for pair in file.read().split(b"\0") if pair]
    os.execvpe(command[0], command, {name: value for name, _, value in pairs})


if __name__ == "__main__":
    main()
