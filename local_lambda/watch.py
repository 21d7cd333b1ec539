"""Notices that files have changed, by looking at their times and sizes now and then.

Looking works on every system and file system, containers' mounts and network drives included, and
costs a few milliseconds for the few hundred files of a function. Trees are cut off at FILES files.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

FILES = 20_000  # in one tree
# Folders that no function runs from, wherever below a root; names with a dot are left out too.
_IGNORED_FOLDERS = {"__pycache__", "node_modules", "venv", "cdk.out"}
# Bytecode, and the files that editors write beside the one that is edited.
_IGNORED_FILES = re.compile(r".*\.(pyc|pyo|swp|swo|swx|tmp)|.*~|\.#.*|#.*#|4913|.*___jb_\w+___")

Signature = tuple[int, int, int]


class Tree:
    """Watches a folder with everything below it, or one file. It need not exist."""

    def __init__(self, root: Path, ignored: Iterable[Path] = ()) -> None:
        self.root = root
        self._ignored = {str(each.absolute()) for each in ignored}
        self._files: dict[str, Signature] = dict(self._walk())

    @property
    def is_cut_off(self) -> bool:
        return len(self._files) >= FILES

    @property
    def files(self) -> int:
        """Returns how many files there are."""
        return len(self._files)

    @property
    def newest_s(self) -> float:
        """Returns when a file was written last, in seconds of the epoch; 0 without files."""
        return max((times[0] for times in self._files.values()), default=0) / 1e9

    def look(self) -> list[Path]:
        """Returns the files that were written, made or removed since the last look."""
        files = dict(self._walk())
        changed = sorted(
            Path(name)
            for name in files.keys() | self._files.keys()
            if files.get(name) != self._files.get(name)
        )
        self._files = files
        return changed

    def _walk(self) -> Iterator[tuple[str, Signature]]:
        root = str(self.root.absolute())
        try:
            found = os.stat(root)
        except OSError:
            return
        if not stat.S_ISDIR(found.st_mode):
            yield root, _signature(found)
            return
        left = FILES
        waiting = [root]
        seen: set[tuple[int, int]] = set()
        while waiting and left > 0:
            for entry in _entries(waiting.pop()):
                if self._is_ignored(entry):
                    continue
                try:
                    found = entry.stat()
                except OSError:
                    continue
                if not stat.S_ISDIR(found.st_mode):
                    left -= 1
                    yield entry.path, _signature(found)
                elif (found.st_dev, found.st_ino) not in seen:  # links may form a circle
                    seen.add((found.st_dev, found.st_ino))
                    waiting.append(entry.path)

    def _is_ignored(self, entry: os.DirEntry[str]) -> bool:
        if entry.path in self._ignored or _IGNORED_FILES.fullmatch(entry.name):
            return True
        is_folder = entry.is_dir()
        return is_folder and (entry.name.startswith(".") or entry.name in _IGNORED_FOLDERS)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _signature(found: os.stat_result) -> Signature:
    # An editor that renames a new file over the old one changes the number of the file.
    return found.st_mtime_ns, found.st_size, found.st_ino
