"""Finds the tools that some tests need beside Python.

Tests whose tool is missing are skipped; the skip message names it. In CI they fail.
"""

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.paths import ROOT

# This machine's architecture, as Lambda names it.
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def missing(what: str, install: str) -> NoReturn:
    """Skips a test whose tool is missing; fails it in CI, where every test must run."""
    message = f"{what} is missing: {install}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def runtime_interface_emulator() -> Path:
    """Returns the path of AWS's own emulator, which is part of the wheel of aws-sam-cli."""
    name = f"samcli/local/rapid/aws-lambda-rie-{ARCHITECTURE}"
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
    """Returns the path of the SAM CLI."""
    found = os.environ.get("SAM_CLI") or shutil.which("sam")
    return found or missing("the SAM CLI", "pip install aws-sam-cli into an environment of its own")


def chromium() -> tuple[str, str]:
    """Returns the paths of Chromium and its driver, as distributions package them."""
    browser = shutil.which("chromium")
    driver = shutil.which("chromedriver")
    if browser and driver:
        return browser, driver
    missing("chromium with chromedriver", "apt-get install chromium chromium-driver")


def node() -> str:
    """Returns the path of Node, which runs clients from npm."""
    found = shutil.which("node") or shutil.which("nodejs")
    return found or missing("node", "apt-get install nodejs npm, then `make clients`")


def observability_python() -> Path:
    """Returns the Python of the environment that holds the tools which watch functions."""
    found = ROOT / ".venv-observability/bin/python"
    if found.is_file() and found.with_name("opentelemetry-instrument").is_file():
        return found
    missing(".venv-observability", "make observability")


def docs_python() -> Path:
    """Returns the Python of the environment that makes the documentation's site."""
    found = ROOT / ".venv-docs/bin/python"
    if found.is_file() and found.with_name("sphinx-build").is_file():
        return found
    missing(".venv-docs", "make docs")


def audit_python() -> Path:
    """Returns the Python of the environment that audits packages and writes the SBOM."""
    found = ROOT / ".venv-audit/bin/python"
    if found.is_file() and found.with_name("pip-audit").is_file():
        return found
    missing(".venv-audit", "make audit-environment")


def nginx() -> str:
    return _proxy("nginx", "apt-get install nginx-light")


def haproxy() -> str:
    return _proxy("haproxy", "apt-get install haproxy")


def _proxy(name: str, install: str) -> str:
    """Returns the path of a proxy, which lies where only root looks for programs."""
    path = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin"
    return shutil.which(name, path=path) or missing(name, install)
