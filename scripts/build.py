"""Fills the directory of one function or layer with the code that runs there, and its bytecode.

layers/Makefile calls it. On a read-only file system, a package without bytecode is compiled again
at every cold start. The bytecode is not checked against its source, so that no modification time
in a zip file can invalidate it:
https://docs.python.org/3.13/library/py_compile.html#py_compile.PycInvalidationMode
"""

import argparse
import compileall
import gzip
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from lazy import UnknownFormError, deferred_imports, lazy_door
from lists import ListError, Pin, read
from packages import InstallFailed, install

LAMBDA_PYTHON = (3, 13)  # as in template.yaml
NOT_CODE = (
    "__pycache__",
    "*.pyc",
    "*.pyi",
    "*.md",
    "py.typed",
    "requirements.txt",
    "Makefile",
    "*.dist-info",
    "bin",
)
# These are never imported here; the end-to-end tests run on what is left.
UNUSED = {
    ".": "cffi",  # cryptography needs only its machine code
    "aws_lambda_powertools/event_handler/openapi/swagger_ui": "*.js *.css",
    "aws_lambda_powertools/utilities": (
        "auth_alpha circuit_breaker data_masking feature_flags idempotency kafka metadata "
        "parameters parser streaming validation"
    ),
    "boto3": "data examples",
    "pydantic": "v1 mypy.py",
}
# Their `__init__.py` imports all that they offer: asyncio for AppSync, tempfile for CodePipeline.
LAZY_DOORS = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/event_handler/openapi",
    "aws_lambda_powertools/utilities/data_classes",
)
# They import what writes botocore's documentation, and what HTTP/2 needs. Neither is used.
DEFERRED_IMPORTS = {
    "botocore/docs/__init__.py": ("ServiceDocumenter",),
    "botocore/docs/docstring.py": (
        "DocumentStructure",
        "document_model_driven_method",
        "document_paginate_method",
        "document_wait_method",
    ),
    "urllib3/http2/__init__.py": ("version",),
}
SERVICE = "dynamodb"
DATA = ("partitions.json", "sdk-default-configuration.json", "_retry.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "target",
        type=Path,
        help="the directory that is uploaded; for sizes, the directory that holds all of them",
    )
    parser.add_argument("what", choices=("source", "packages", "sizes"))
    parser.add_argument(
        "--runs-at", default="/opt", help="where Lambda unpacks it; tracebacks show this path"
    )
    parser.add_argument("--only", nargs="+", help="only these packages of requirements.txt")
    parser.add_argument(
        "--without", nargs="+", default=[], help="all packages of requirements.txt except these"
    )
    parser.add_argument(
        "--platforms", nargs="+", default=["any"], help="the platforms of wheels with machine code"
    )
    options = parser.parse_args()
    if options.what == "sizes":
        return print_sizes(options.target)
    if sys.version_info[:2] != LAMBDA_PYTHON:
        sys.exit(
            "Lambda runs Python 3.13, and only Python 3.13 compiles for it: put python3.13 on the "
            "PATH, or set LAMBDA_PYTHON"
        )
    if options.what == "source":
        shutil.copytree(
            ".", options.target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*NOT_CODE)
        )
    else:
        try:
            pins = read(Path("requirements.txt"))
            part = chosen(pins, options.only, options.without)
            fill(options.target / "python", part, pins, options.platforms)
        except (ListError, InstallFailed) as error:
            sys.exit(f"sam build: {error}")
    compiled = compileall.compile_dir(
        options.target,
        quiet=1,
        force=True,
        stripdir=options.target,
        prependdir=options.runs_at,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        sys.exit("some files could not be compiled")


def chosen(pins: list[Pin], only: list[str] | None, without: list[str]) -> list[Pin]:
    """Returns the pins of one layer. Raises ListError for a name that the list does not have."""
    names = {pin.name for pin in pins}
    if unknown := sorted({*(only or ()), *without} - names):
        raise ListError(
            f"layers/Makefile names {', '.join(unknown)}, which requirements.txt does not list"
        )
    return [pin for pin in pins if pin.name in (only or names) and pin.name not in without]


def fill(target: Path, part: list[Pin], pins: list[Pin], platforms: list[str]) -> None:
    """Puts the packages of one layer into `target`, from wheels for Lambda, without unused parts.

    Everything that they require must be among `pins`, the whole list. Raises InstallFailed.
    """
    with tempfile.TemporaryDirectory() as directory:
        requirements = Path(directory, "requirements.txt")
        everything = Path(directory, "packages")
        requirements.write_text("".join(pin.text for pin in part))
        options = [f"--target={everything}", "--implementation=cp", "--python-version=3.13"]
        options += [f"--platform={platform}" for platform in platforms]
        install(sys.executable, [requirements], options)
        check(everything, part, pins, platforms)
        shutil.copytree(everything, target, dirs_exist_ok=True, ignore=unused(everything))
        if (target / "botocore").is_dir():
            describe_one_service(everything / "botocore/data", target / "botocore/data")
        import_less(target)


def import_less(target: Path) -> None:
    """Rewrites the packages that a start would load much of for nothing. Raises InstallFailed."""
    try:
        for name in LAZY_DOORS:
            door = target / name / "__init__.py"
            if door.is_file():
                modules = {path.stem for path in door.parent.iterdir()} - {"__init__"}
                source = door.read_text("utf-8")
                door.write_text(lazy_door(source, name.replace("/", "."), modules), "utf-8")
        for name, names in DEFERRED_IMPORTS.items():
            file = target / name
            if file.is_file():
                file.write_text(deferred_imports(file.read_text("utf-8"), names), "utf-8")
    except UnknownFormError as error:
        raise InstallFailed(f"scripts/lazy.py cannot rewrite a package: {error}") from error


def check(directory: Path, part: list[Pin], pins: list[Pin], platforms: list[str]) -> None:
    """Raises InstallFailed unless `directory` holds the part, and its requirements are all met."""
    # Imported here: this module needs pip, and whether that is missing was reported earlier.
    from verify import found, problems, wanted

    on_arm = any("aarch64" in platform for platform in platforms)
    markers = {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "aarch64" if on_arm else "x86_64",
        "os_name": "posix",
    }
    differences = problems(
        versions=wanted(part, markers),
        installed=found([str(directory)]),
        environment=markers,
        may_require=wanted(pins, markers),
    )
    if differences:
        lines = ["a layer differs from requirements.txt:", *differences]
        raise InstallFailed("\n    ".join(lines))


def print_sizes(build: Path) -> None:
    """Prints the size of each artefact.

    Lambda accepts zip files of up to 50 MB, and 250 MB unpacked for a function with all its layers:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    print(f"{'':24}{'files':>7}{'bytecode':>10}{'unpacked':>12}{'zipped':>12}")
    for artefact in sorted(path for path in build.iterdir() if path.is_dir()):
        files = [path for path in artefact.rglob("*") if path.is_file()]
        with tempfile.TemporaryFile() as zipped:
            with ZipFile(zipped, "w", ZIP_DEFLATED) as archive:
                for path in files:
                    archive.write(path, path.relative_to(artefact))
            zipped_kb = zipped.tell() / 1024
        compiled = sum(path.suffix == ".pyc" for path in files)
        unpacked_kb = sum(path.stat().st_size for path in files) / 1024
        counts = f"{len(files):7}{compiled:10}"
        print(f"{artefact.name:24}{counts}{unpacked_kb:9,.0f} KB{zipped_kb:9,.0f} KB")


def unused(root: Path) -> Callable[[str, list[str]], set[str]]:
    """Returns an `ignore` function for `copytree`, which leaves out unused files."""

    def left_out(directory: str, names: list[str]) -> set[str]:
        inside = Path(directory).relative_to(root).as_posix()
        patterns = [*NOT_CODE, *UNUSED.get(inside, "").split()]
        if inside == "botocore":
            patterns.append("data")
        return shutil.ignore_patterns(*patterns)(directory, names)

    return left_out


def describe_one_service(source: Path, target: Path) -> None:
    """Copies botocore's data for DynamoDB alone, without documentation: 28 MB become 0.2."""
    target.mkdir()
    for name in DATA:
        shutil.copy(source / name, target)
    endpoints = json.loads((source / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: value for name, value in partition["services"].items() if name == SERVICE
        }
    (target / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")))
    version = max((source / SERVICE).iterdir())
    (target / SERVICE / version.name).mkdir(parents=True)
    for name in ("service-2.json", "endpoint-rule-set-1.json"):
        description = without_documentation(
            json.loads(gzip.decompress((version / f"{name}.gz").read_bytes()))
        )
        (target / SERVICE / version.name / name).write_text(
            json.dumps(description, separators=(",", ":"))
        )


def without_documentation(value: Any) -> Any:
    """Returns the value without texts under a key `documentation`.

    Other values under that key stay: an attribute may have the name too.
    """
    if isinstance(value, dict):
        kept = {
            key: each
            for key, each in value.items()
            if key != "documentation" or not isinstance(each, str)
        }
        return {key: without_documentation(each) for key, each in kept.items()}
    if isinstance(value, list):
        return [without_documentation(each) for each in value]
    return value


if __name__ == "__main__":
    main()
