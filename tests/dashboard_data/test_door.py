"""Tests the package's door: the names that it offers, and the modules that it does not load."""

import subprocess
import sys
from pathlib import Path

import dashboard_data

PACKAGE = Path(dashboard_data.__file__).parent


def test_the_door_lists_what_it_imports_and_nothing_else():
    offered = {name for name, value in vars(dashboard_data).items() if not name.startswith("_")}
    modules = {path.stem for path in PACKAGE.iterdir()}  # rooms, too
    assert set(dashboard_data.__all__) == offered - modules


def test_importing_the_package_loads_no_heavy_library():
    heavy = ("boto3", "botocore", "pydantic")
    program = f"import sys, dashboard_data; print([m for m in sys.modules if m in {heavy}])"
    path = {"PYTHONPATH": str(PACKAGE.parent)}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_no_module_reads_the_clock_or_the_environment():
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text()
        impure = ("time.time", "time.monotonic", "os.environ", "import boto", ".now()")
        assert not [word for word in impure if word in source]
