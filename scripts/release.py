"""Makes the files of a release from the commit that is checked out (docs/release.md).

    python scripts/release.py dist [--tag v1.2.3] [--bytecode-for 3.11 3.12 3.13 3.14]

The same commit makes the same bytes, on a machine with the same Pythons: what is packed comes from
git and not from the folder, and times and permissions are the commit's. Needs git and hatchling.
"""

import argparse
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from time import gmtime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lists import read

ROOT = Path(__file__).resolve().parents[1]
LAYER = Path("layers/streaming_runtime")
VERSION = LAYER / "python/streaming_runtime/version.py"
TEMPLATES = Path("scripts/templates")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")  # those that the layer is declared for
# Not for those who run the layer: what says something to readers and type checkers.
LEFT_OUT = ("README.md", "py.typed", "__pycache__")


class ReleaseError(Exception):
    """There is nothing to release; the message says why and what helps."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", type=Path, help="where the files go; others there are left alone")
    parser.add_argument(
        "--tag", help="refuse unless this tag, v1.2.3, is of the version that the source says"
    )
    parser.add_argument(
        "--bytecode-for", nargs="*", metavar="PYTHON", help="refuse without bytecode for these"
    )
    arguments = parser.parse_args()
    try:
        release(arguments.output, arguments.tag, arguments.bytecode_for)
    except (ReleaseError, OSError) as error:
        print(f"make release: {error}", file=sys.stderr)
        return 1
    return 0


def release(output: Path, tag: str | None = None, required: list[str] | None = None) -> None:
    """Writes all files into `output`, or none. Raises ReleaseError."""
    commit, epoch = head()
    with tempfile.TemporaryDirectory() as directory:
        source, made = Path(directory, "source"), Path(directory, "made")
        checked_out(commit, source)
        made.mkdir()
        version = re.search(r'__version__ = "(.*?)"', (source / VERSION).read_text("utf-8"))[1]
        if tag is not None and tag != f"v{version}":
            raise ReleaseError(f"the tag is {tag}, and {VERSION} says {version}")
        pythons = interpreters(required)
        distribution(source, made, epoch)
        compiled(source / LAYER, pythons)
        packed(
            source / LAYER,
            source / "LICENSE",
            made / f"streaming-runtime-layer-{version}.zip",
            epoch,
        )
        for template in sorted((source / TEMPLATES).iterdir()):
            text = template.read_text("utf-8").replace("@VERSION@", version)
            (made / f"{template.stem}-{version}.yaml").write_text(text, "utf-8")
        constraints(source / "requirements.txt", made / f"constraints-{version}.txt")
        # The repository's template names these two beside itself.
        shutil.copyfile(source / "LICENSE", made / "LICENSE")
        shutil.copyfile(source / LAYER / "README.md", made / "README.md")
        sums = "".join(f"{sha256(path)}  {path.name}\n" for path in sorted(made.iterdir()))
        (made / "SHA256SUMS").write_text(sums, "utf-8")
        output.mkdir(parents=True, exist_ok=True)
        for path in sorted(made.iterdir()):
            shutil.copyfile(path, output / path.name)
    print(f"lambda-streaming {version}, commit {commit[:12]}, in {output}:\n{sums}", end="")
    missing = [name for name in PYTHONS if name not in pythons]
    if missing:
        print(
            f"without bytecode for Python {', '.join(missing)}, which is not here: there the layer starts slower"
        )


def head() -> tuple[str, int]:
    """Returns the commit and its time in seconds. Raises ReleaseError when the folder says something else."""
    if not shutil.which("git"):
        raise ReleaseError("git is needed")
    if not (ROOT / ".git").exists():
        raise ReleaseError(f"{ROOT} is no clone: a release is made of a commit")
    changed = git("status", "--porcelain").splitlines()
    if changed:
        raise ReleaseError(
            f"not everything is committed ({changed[0].strip()}, ...): a release is made of a commit"
        )
    commit, seconds = git("log", "-1", "--format=%H %ct").split()
    return commit, int(seconds)


def git(*arguments: str) -> str:
    ended = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise ReleaseError(f"git {arguments[0]}: {ended.stderr.strip()}")
    return ended.stdout


def checked_out(commit: str, target: Path) -> None:
    """Puts the files of a commit into a new directory."""
    command = ["git", "archive", "--format=tar", commit]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(target, filter="data")


def distribution(source: Path, target: Path, epoch: int) -> None:
    """Builds wheel and sdist. Raises ReleaseError."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(target)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    ended = subprocess.run(
        command, cwd=source, env=environ, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise ReleaseError(f"hatchling: {ended.stderr.strip() or ended.stdout.strip()}")


def interpreters(required: list[str] | None) -> dict[str, str]:
    """Returns the Pythons here that the layer is for, by version. Raises ReleaseError for a missing one."""
    found = {}
    for version in PYTHONS:
        for name in (f"python{version}", sys.executable):
            command = [name, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            if shutil.which(name) and _output(command) == version:
                found[version] = name
                break
    if missing := sorted(set(required or ()) - found.keys()):
        raise ReleaseError(
            f"bytecode for Python {', '.join(missing)} is asked for, and python{missing[0]} is not here"
        )
    return found


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def compiled(layer: Path, pythons: dict[str, str]) -> None:
    """Adds bytecode that no time stamp can make void, with the paths that the files have on Lambda."""
    for python in pythons.values():
        command = [
            python,
            "-I",
            "-S",
            "-m",
            "compileall",
            "-q",
            "-f",
            "-s",
            str(layer),
            "-p",
            "/opt",
        ]
        subprocess.run(
            [*command, "--invalidation-mode", "unchecked-hash", str(layer / "python")], check=True
        )


def packed(layer: Path, licence: Path, target: Path, epoch: int) -> None:
    """Writes the layer's zip file, as `aws lambda publish-layer-version` and ContentUri take it."""
    files = {
        path.relative_to(layer).as_posix(): path for path in layer.rglob("*") if path.is_file()
    }
    files = {
        name: path
        for name, path in files.items()
        if path.suffix == ".pyc" or path.name not in LEFT_OUT
    }
    files["python/streaming_runtime/LICENSE"] = licence
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(files.items()):
            entry = ZipInfo(name, gmtime(epoch)[:6])
            entry.compress_type, entry.create_system = ZIP_DEFLATED, 3
            entry.external_attr = (0o100755 if name == "bootstrap" else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())


def constraints(requirements: Path, target: Path) -> None:
    """Writes which versions of others this release was tested with, for `pip install --constraint`."""
    lines = [
        f"{pin.name}=={pin.version}" + (f" ; {pin.marker}" if pin.marker else "")
        for pin in read(requirements)
    ]
    target.write_text("\n".join(lines) + "\n", "utf-8")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
