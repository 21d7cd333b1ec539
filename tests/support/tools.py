"""What some tests need beside Python: found, or the test is skipped and says what to install. In CI it fails."""

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest


def missing(what: str, install: str) -> NoReturn:
    """Skip for want of a tool; in CI, where everything must run, fail."""
    message = f"{what} is not here; {install}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def runtime_interface_emulator() -> Path:
    """AWS's own emulator, which comes inside the wheel of aws-sam-cli."""
    architecture = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    name = f"samcli/local/rapid/aws-lambda-rie-{architecture}"
    sam = os.environ.get("SAM_CLI") or shutil.which("sam")
    roots = [Path(sam).resolve().parents[1].glob("lib/python3*/site-packages")] if sam else []
    for directory in [*(root for found in roots for root in found), *map(Path, sys.path)]:
        if (directory / name).is_file():
            return directory / name
    missing(
        "aws-lambda-rie",
        "pip install aws-sam-cli into an environment of its own and put its `sam` on the PATH",
    )


def sam_cli() -> str:
    """The path of the SAM CLI."""
    found = os.environ.get("SAM_CLI") or shutil.which("sam")
    return found or missing("the SAM CLI", "pip install aws-sam-cli into an environment of its own")


def chromium() -> tuple[str, str]:
    """Chromium and its driver, of one version, as distributions package them."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if all(found):
        return found
    missing("chromium with chromedriver", "apt-get install chromium chromium-driver")
