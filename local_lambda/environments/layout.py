"""Lays out a function's code and layers on disk, as Lambda unpacks them.

Folders and zip files, one file, or code in the template itself.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (sizes)
"""

import logging
import os
import shutil
import stat
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

from local_lambda.application import Function
from local_lambda.environments.linux import points_out

_log = logging.getLogger(__name__)
UNZIPPED_BYTES = 250 * 1024 * 1024  # a function with its layers
INLINE_FILE = "index.py"
_UNREADABLE = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
    ValueError,
    zlib.error,
)


class LaunchError(Exception):
    """The function cannot be started as the template describes it."""


def lay_out_code(function: Function, directory: Path) -> Path:
    """Returns the folder of the function's code. Raises LaunchError and OSError.

    A folder is used where it lies, so that new environments see edits. All else goes to
    `directory`.
    """
    code = function.code
    if function.inline_code is not None:
        directory.mkdir()
        # A lone surrogate is possible in a template, and no file can hold it.
        text = function.inline_code.encode("utf-8", "surrogatepass")
        (directory / INLINE_FILE).write_bytes(text)
        return directory
    if code.is_dir():
        return code
    if not code.is_file():
        raise LaunchError(f"the code {code} does not exist")
    if is_zipfile(code) or code.suffix in (".zip", ".jar"):
        return unzipped(code, directory)
    directory.mkdir()
    copy_file(code, directory)
    return directory


def copy_file(code: Path, directory: Path) -> None:
    """Copies code that is one file, in one step for those who read it meanwhile."""
    new = directory / f".{code.name}.new"
    shutil.copy2(code, new)
    new.replace(directory / code.name)


def lay_out_layers(layers: Iterable[Path], opt: Path) -> None:
    """Merges layers into the folder `opt`. Raises LaunchError and OSError.

    Lambda unzips the layers in order, so the files of later layers win.
    """
    opt.mkdir()
    for number, layer in enumerate(layers):
        if not layer.exists():
            raise LaunchError(f"the layer {layer} does not exist")
        source = layer if layer.is_dir() else unzipped(layer, opt.with_name(f"layer-{number}"))
        shutil.copytree(source, opt, symlinks=True, dirs_exist_ok=True, copy_function=_link_or_copy)
        if layer.is_dir():
            _follow_links_out(source, opt)


def _follow_links_out(source: Path, opt: Path) -> None:
    """Replaces relative links that lead out of a layer by what they lead to, as packaging does."""
    for place, folders, files in os.walk(source):
        for name in (*folders, *files):
            path = Path(place, name)
            if not path.is_symlink() or not points_out(str(path), source):
                continue
            copy = opt / path.relative_to(source)
            copy.unlink()
            if path.is_dir():
                shutil.copytree(path, copy, symlinks=True, copy_function=_link_or_copy)
            elif path.is_file():
                _link_or_copy(str(path.resolve()), str(copy))


def _link_or_copy(source: str, target: str) -> str:
    """Makes a hard link or a copy, so that layers consist of real files, as on Lambda.

    Python would resolve symbolic links when it builds `sys.path`.
    """
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def unzipped(archive: Path, directory: Path) -> Path:
    """Unpacks a zip file with its permissions and symbolic links, as Lambda does.

    Raises LaunchError.
    """
    try:
        with ZipFile(archive) as content:
            _unpack(content, directory)
    except _UNREADABLE as error:
        raise LaunchError(f"{archive} cannot be unpacked: {error}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise LaunchError(f"{archive} cannot be unpacked: {reason}") from error
    return directory


def _unpack(content: ZipFile, directory: Path) -> None:
    entries = content.infolist()
    for entry in entries:
        _check_path(entry)
    size_bytes = sum(entry.file_size for entry in entries)
    if size_bytes > UNZIPPED_BYTES:
        _log.warning(
            "code.too_large %s unzipped_mb=%d limit_mb=%d: Lambda refuses it",
            content.filename,
            size_bytes >> 20,
            UNZIPPED_BYTES >> 20,
        )
    directory.mkdir(exist_ok=True)
    links = [entry for entry in entries if stat.S_ISLNK(entry.external_attr >> 16)]
    for entry in entries:
        if entry not in links:
            path = Path(content.extract(entry, directory))
            if permissions := entry.external_attr >> 16 & 0o777:
                path.chmod(permissions | (0o700 if entry.is_dir() else 0o400))
    # Links come last, so that no entry is written through one.
    for entry in links:
        path = directory / entry.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(content.read(entry).decode())


def _check_path(entry: ZipInfo) -> None:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts:
        raise BadZipFile(f"its entry {entry.filename!r} points out of the archive")
