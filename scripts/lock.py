"""Pins the dependencies of pyproject.toml with hashes, and checks that each list is closed.

    python scripts/lock.py [--upgrade | --check]

A list is closed when every package of it has a wheel for every Python and platform that the list is
for, and when everything that these wheels require is in the list too (docs/install.md). This script
needs uv: https://docs.astral.sh/uv/
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lists import ListError, read
from verify import Requirement, found, problems, wanted

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "x86_64-manylinux_2_28": ("linux", "Linux", "x86_64"),
    "aarch64-manylinux_2_28": ("linux", "Linux", "aarch64"),
    "aarch64-apple-darwin": ("darwin", "Darwin", "arm64"),
}
X86, ARM, MAC = PLATFORMS


class List(NamedTuple):
    """A pinned list: its sources, and the pairs of Python and platform that it supports."""

    path: str
    project: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()


DEVELOPMENT = "requirements-dev.txt"
LISTS = (
    List(
        DEVELOPMENT,
        ("--extra", "local", "--group", "service", "--group", "dev"),
        targets=(*((python, X86) for python in PYTHONS), ("3.13", ARM)),
    ),
    List(
        "requirements.txt",
        ("--extra", "local", "--group", "service"),
        targets=tuple((python, platform) for python in PYTHONS for platform in PLATFORMS),
    ),
    List(  # for `make example`: examples/README.md
        "examples/requirements.txt",
        ("--extra", "local", "--group", "examples"),
        targets=tuple((python, platform) for python in PYTHONS for platform in PLATFORMS),
    ),
    List(
        "layers/dependencies/requirements.txt",
        ("--group", "service"),
        targets=(("3.13", X86), ("3.13", ARM)),
    ),
    List(
        ".ci/requirements-sam.txt",
        (),
        ("aws-sam-cli==1.170.0",),
        targets=(("3.11", X86), ("3.13", X86)),
    ),
    List(  # `make audit`, and the bills of materials of `make release`: docs/security.md
        ".ci/requirements-audit.txt",
        (),
        ("cyclonedx-python-lib[json-validation]>=11", "pip-audit==2.10.1"),
        targets=tuple((python, X86) for python in PYTHONS),
    ),
    List(  # tools that watch functions, for tests/system/observability: docs/observability.md
        "tests/system/observability/requirements.txt",
        (),
        (
            "datadog-lambda==8.130.0",
            "lumigo-tracer==1.1.257",
            "newrelic==14.1.0",
            "newrelic-lambda==1.0.0",
            "opentelemetry-distro==0.66b1",
            "opentelemetry-exporter-otlp-proto-http==1.45.1",
            "opentelemetry-instrumentation-aws-lambda==0.66b1",
            "sentry-sdk==2.75.0",
        ),
        targets=(("3.11", X86), ("3.13", X86)),
    ),
    List(  # the generator of the documentation's site: docs/decisions.md
        "docs/site/requirements.txt",
        (),
        ("furo>=2025.12.19", "myst-parser>=5", "sphinx>=9,<10"),
        targets=tuple((python, platform) for python in PYTHONS for platform in PLATFORMS),
    ),
    List(  # the peers that `make bench` measures beside ours: docs/benchmarks.md
        "benchmarks/requirements.txt",
        (),
        (
            "aws-lambda-powertools>=3.37,<4",
            "awslambdaric>=4.2",
            "boto3>=1.40",
            "fastapi>=0.121",
            "matplotlib>=3.10",
            "pydantic>=2.12,<3",
            "sse-starlette>=3",
            "uvicorn[standard]>=0.38",
        ),
        targets=(("3.13", X86), ("3.13", ARM)),
    ),
    List(  # the engine of `make fuzz ENGINE=atheris`: docs/fuzzing.md
        "tests/fuzz/requirements.txt",
        (),
        ("atheris>=3.1",),
        targets=(("3.11", X86), ("3.13", X86)),
    ),
    List(  # clients of the service that nobody here wrote: docs/clients.md
        "tests/system/clients/pypi/requirements.txt",
        (),
        (
            "ag-ui-protocol==1.0.0",  # it and openai read what lambda_streaming.encoders writes
            "aiohttp-sse-client2==0.3.0",
            "aiosseclient==0.1.8",
            "httpx==0.28.1",
            "httpx-sse==0.4.3",
            "launchdarkly-eventsource==1.7.4",
            "openai==3.57.0",
            "requests-sse==0.5.3",
            "sseclient-py==1.9.0",
        ),
        targets=(("3.11", X86), ("3.13", X86)),
    ),
)


def resolve(each: List, upgrade: bool) -> None:
    """Writes one list anew. Existing pins stay, unless they must change or `upgrade` is set."""
    command = ["uv", "pip", "compile", "--universal", "--python-version", PYTHONS[0]]
    command += ["--generate-hashes", "--no-header", "--quiet", "--output-file", each.path]
    command += ["--upgrade"] if upgrade else []
    if each.requirements:
        command += ["-"]
    elif "--extra" in each.project:
        command += ["pyproject.toml"]
    command += each.project
    if each.project and each.path != DEVELOPMENT:  # so that all lists of the project agree
        command += ["--constraint", DEVELOPMENT]
    subprocess.run(command, cwd=ROOT, input="\n".join(each.requirements), text=True, check=True)


def check(each: List) -> list[str]:
    """Returns a sentence for each difference between the list and a closed one."""
    result = []
    for python, platform in each.targets:
        with tempfile.TemporaryDirectory() as directory:
            command = ["uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            command += ["--only-binary", ":all:", "--target", directory, "--requirement", each.path]
            command += ["--python-version", python, "--python-platform", platform]
            ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            where = f"{each.path}, Python {python}, {platform}: "
            if ended.returncode:
                result.append(where + ended.stderr.strip())
                continue
            markers = environment(python, platform)
            differences = problems(
                versions=wanted(read(ROOT / each.path), markers),
                installed=found([directory]),
                environment=markers,
                extras=extras(each),
            )
            result += [where + text for text in differences]
    return result


def environment(python: str, platform: str) -> dict[str, str]:
    """Returns the variables that markers use.

    https://packaging.python.org/en/latest/specifications/dependency-specifiers/
    """
    sys_platform, system, machine = PLATFORMS[platform]
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_version": f"{python}.0",
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
        "os_name": "posix",
    }


def extras(each: List) -> dict[str, set[str]]:
    """Returns the extras that the project itself asks for.

    `moto[dynamodb]` becomes {"moto": {"dynamodb"}}.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named: list[str] = list(each.requirements)
    for kind, name in zip(each.project[::2], each.project[1::2], strict=True):
        if kind == "--extra":
            named += project["project"]["optional-dependencies"][name]
        else:
            named += project["dependency-groups"][name]
    return _extras(map(Requirement, named))


def _extras(requirements: Iterable[Requirement]) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {}
    for requirement in requirements:
        if requirement.extras:
            result.setdefault(requirement.name, set()).update(requirement.extras)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest releases")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, check the existing lists"
    )
    arguments = parser.parse_args()
    if not shutil.which("uv"):
        sys.exit("make lock: uv is needed (pip install uv, or https://docs.astral.sh/uv/)")
    differences = []
    try:
        for each in LISTS:
            if not arguments.check:
                resolve(each, arguments.upgrade)
            differences += check(each)
            pins = read(ROOT / each.path)
            print(f"{each.path}: {len(pins)} pins, {len(each.targets)} targets", flush=True)
    except ListError as error:
        differences.append(str(error))
    except subprocess.CalledProcessError:
        sys.exit("make lock: uv could not resolve the list; see its output above")
    for text in differences:
        print(f"make lock: {text}", file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
