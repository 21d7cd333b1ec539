"""Makes the files of a release from the commit that is checked out (docs/release.md).

    python scripts/release.py dist [--tag v1.2.3] [--bytecode-for 3.11 3.12 3.13 3.14]

The same commit makes the same bytes on every machine with the same Pythons: the files come from git
and not from the folder, and times and permissions are the commit's. It needs git and hatchling, and
for the bills of materials the environment that `make audit-environment` makes; AUDIT_PYTHON names
another one's Python.
"""

import argparse
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
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
PYTHONS = ("3.11", "3.12", "3.13", "3.14")  # the versions that the layer is declared for
# These are for readers and type checkers; running the layer does not need them.
LEFT_OUT = ("README.md", "py.typed", "__pycache__")


class ReleaseError(Exception):
    """Raised when a release cannot be made; the message says why, and what helps."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", type=Path, help="where the files go; other files there stay")
    parser.add_argument(
        "--tag", help="refuse unless this tag, v1.2.3, names the version of the source"
    )
    parser.add_argument(
        "--bytecode-for",
        nargs="*",
        metavar="PYTHON",
        help="refuse without bytecode for these versions",
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
    commit, epoch_s = head()
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "source")
        made = Path(directory, "made")
        checked_out(commit, source)
        made.mkdir()
        version = version_in((source / VERSION).read_text("utf-8"))
        if tag is not None and tag != f"v{version}":
            raise ReleaseError(f"the tag is {tag}, and {VERSION} says {version}")
        pythons = interpreters(required)
        distribution(source, made, epoch_s)
        compiled(source / LAYER, pythons)
        packed(
            layer=source / LAYER,
            licence=source / "LICENSE",
            target=made / f"streaming-runtime-layer-{version}.zip",
            epoch_s=epoch_s,
        )
        for template in sorted((source / TEMPLATES).iterdir()):
            text = template.read_text("utf-8").replace("@VERSION@", version)
            (made / f"{template.stem}-{version}.yaml").write_text(text, "utf-8")
        constraints(source / "requirements.txt", made / f"constraints-{version}.txt")
        bills_of_materials(source, made, version, epoch_s)
        # The template for the Serverless Application Repository refers to these two files.
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
            f"without bytecode for Python {', '.join(missing)}, which is not on this machine: the "
            "layer starts more slowly there"
        )


def version_in(source: str) -> str:
    """Returns the version that the text of version.py sets. Raises ReleaseError."""
    match = re.search(r'__version__ = "(.*?)"', source)
    if match is None:
        raise ReleaseError(f"{VERSION} sets no __version__")
    return match[1]


def head() -> tuple[str, int]:
    """Returns the commit and its time in seconds.

    Raises ReleaseError outside of a clone, and when something is not committed.
    """
    if not shutil.which("git"):
        raise ReleaseError("git is needed")
    if not (ROOT / ".git").exists():
        raise ReleaseError(f"{ROOT} is no clone: a release is made from a commit")
    changed = git("status", "--porcelain").splitlines()
    if changed:
        raise ReleaseError(
            f"not everything is committed ({changed[0].strip()}, ...): a release is made from a "
            "commit"
        )
    commit, seconds = git("log", "-1", "--format=%H %ct").split()
    return commit, int(seconds)


def git(*arguments: str) -> str:
    """Runs git in this repository and returns its output. Raises ReleaseError."""
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


def distribution(source: Path, target: Path, epoch_s: int) -> None:
    """Builds wheel and sdist. Raises ReleaseError."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(target)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch_s)}
    ended = subprocess.run(
        command, cwd=source, env=environ, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise ReleaseError(f"hatchling: {ended.stderr.strip() or ended.stdout.strip()}")


def interpreters(required: list[str] | None) -> dict[str, str]:
    """Returns the commands of the Pythons on this machine that the layer supports, by version.

    Raises ReleaseError when a required one is missing.
    """
    found = {}
    for version in PYTHONS:
        for name in (f"python{version}", sys.executable):
            command = [name, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            if shutil.which(name) and _output(command) == version:
                found[version] = name
                break
    if missing := sorted(set(required or ()) - found.keys()):
        raise ReleaseError(
            f"bytecode for Python {', '.join(missing)} is required, but python{missing[0]} is not "
            "on this machine"
        )
    return found


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def compiled(layer: Path, pythons: dict[str, str]) -> None:
    """Adds bytecode that no time stamp can invalidate, with the paths that files have on Lambda."""
    for python in pythons.values():
        command = [python, "-I", "-S", "-m", "compileall", "-q", "-f"]
        command += ["-s", str(layer), "-p", "/opt"]
        command += ["--invalidation-mode", "unchecked-hash", str(layer / "python")]
        subprocess.run(command, check=True)


def packed(layer: Path, licence: Path, target: Path, epoch_s: int) -> None:
    """Writes the layer's zip file, for `aws lambda publish-layer-version` and ContentUri."""
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
            entry = ZipInfo(name, gmtime(epoch_s)[:6])
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that `external_attr` holds permissions
            mode = 0o100755 if name == "bootstrap" else 0o100644
            entry.external_attr = mode << 16
            archive.writestr(entry, path.read_bytes())


def constraints(requirements: Path, target: Path) -> None:
    """Writes the versions that this release was tested with, for `pip install --constraint`."""
    lines = []
    for pin in read(requirements):
        marker = f" ; {pin.marker}" if pin.marker else ""
        lines.append(f"{pin.name}=={pin.version}{marker}")
    target.write_text("\n".join(lines) + "\n", "utf-8")


def bills_of_materials(source: Path, made: Path, version: str, epoch_s: int) -> None:
    """Writes what wheel, layer and service hold (scripts/sbom.py). Raises ReleaseError."""
    python = os.environ.get("AUDIT_PYTHON") or str(ROOT / ".venv-audit/bin/python")
    if not shutil.which(python):
        raise ReleaseError(f"{python} is missing, which writes the SBOM: make audit-environment")
    command = [python, "-E", "-s", str(ROOT / "scripts/sbom.py"), str(made), "--version", version]
    command += ["--epoch-s", str(epoch_s), "--source", str(source)]
    command += ["--packages", sysconfig.get_path("purelib")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise ReleaseError(f"the SBOM: {ended.stderr.strip()}")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
