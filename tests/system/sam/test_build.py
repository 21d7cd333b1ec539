"""Tests the output of `sam build`, file by file, as it is uploaded."""

import importlib.util
import json
import marshal
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.tools import ARCHITECTURE

BYTECODE = ".cpython-313.pyc"
UNCHECKED_HASH = 0b01  # https://peps.python.org/pep-0552/#pyc-header
VALIDATION = {"arm64": "ValidationArm64Layer", "x86_64": "ValidationX86Layer"}
LAYERS = {
    "StreamFunction": ("StreamingRuntimeLayer", "DashboardLayer", "DependenciesLayer"),
    "ApiFunction": ("DashboardLayer", "DependenciesLayer", VALIDATION[ARCHITECTURE]),
    "PublishFunction": ("DashboardLayer", "DependenciesLayer"),
}
HANDLERS = {name: name.removesuffix("Function").lower() + "_function.handler" for name in LAYERS}
IMPORT = """
import importlib, json, sys
sys.path[:0] = sys.argv[2:]
importlib.import_module(sys.argv[1])
files = [getattr(module, "__file__", None) for module in sys.modules.values()]
print(json.dumps([file for file in files if file]))
"""


def artefacts(built):
    return sorted(path for path in built.iterdir() if path.is_dir())


def test_every_module_has_bytecode_that_no_time_stamp_can_make_void(built):
    for artefact in artefacts(built):
        sources, compiled = set(artefact.rglob("*.py")), set(artefact.rglob("*.pyc"))
        assert compiled == {
            path.parent / "__pycache__" / f"{path.stem}{BYTECODE}" for path in sources
        }
        assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} <= {
            UNCHECKED_HASH
        }


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="reads Python 3.13's bytecode")
def test_tracebacks_name_files_where_lambda_has_them(built):
    for artefact in artefacts(built):
        place = "/var/task" if artefact.name.endswith("Function") else "/opt"
        for path in artefact.rglob("*.pyc"):
            source = Path(importlib.util.source_from_cache(path)).relative_to(artefact)
            assert marshal.loads(path.read_bytes()[16:]).co_filename == f"{place}/{source}"


def test_nothing_is_in_it_that_lambda_does_not_run(built):
    names = {str(path.relative_to(built)) for path in built.rglob("*")}
    unwanted = (
        ".dist-info",
        ".pyi",
        ".md",
        "requirements.txt",
        "Makefile",
        "py.typed",
        "swagger-ui",
        "/tests/",
    )
    data = built / "DependenciesLayer/python/botocore/data"

    assert not [name for name in names if any(each in name for each in unwanted)]
    assert [path.name for path in data.iterdir() if path.is_dir()] == ["dynamodb"]


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="compiles for Python 3.13")
def test_what_a_layer_says_to_its_readers_stays_here(tmp_path):
    source = ROOT / "layers/streaming_runtime"
    subprocess.run(
        [sys.executable, ROOT / "scripts/build.py", tmp_path / "layer", "source"],
        cwd=source,
        check=True,
    )

    assert (source / "README.md").is_file()
    assert {path.name for path in (tmp_path / "layer").iterdir()} == {"bootstrap", "python"}


def test_the_bootstrap_is_where_lambda_looks_and_may_be_run(built):
    bootstrap = built / "StreamingRuntimeLayer/bootstrap"
    source = ROOT / "layers/streaming_runtime/bootstrap"

    assert bootstrap.read_bytes() == source.read_bytes()
    assert bootstrap.stat().st_mode & 0o555 == 0o555


@pytest.mark.parametrize(("layer", "machine"), [("Arm64", 183), ("X86", 62)])
def test_machine_code_is_of_the_layer_s_architecture(built, layer, machine):
    libraries = [
        path
        for kind in ("Validation", "Tokens")
        for path in (built / f"{kind}{layer}Layer").rglob("*.so")
    ]

    assert len(libraries) == 4  # two of pydantic, one of cryptography, one of cffi
    assert not [
        path for path in built.rglob("*.so") if not re.search("(Arm64|X86)Layer/", str(path))
    ]
    for (
        path
    ) in libraries:  # e_machine: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
        assert int.from_bytes(path.read_bytes()[18:20], "little") == machine


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the machine code is for Python 3.13")
def test_tokens_can_be_checked_with_what_is_uploaded(built, tmp_path):
    layers = [VALIDATION[ARCHITECTURE].replace("Validation", "Tokens"), "DependenciesLayer"]
    roots = [str(built / layer / "python") for layer in layers]
    command = [sys.executable, "-I", "-S", "-c", IMPORT, "jwt.algorithms", *roots]
    imported = subprocess.run(
        command, env={"HOME": str(tmp_path)}, capture_output=True, check=True
    ).stdout

    assert b"/cryptography/hazmat/primitives/asymmetric/rsa.py" in imported


@pytest.mark.parametrize("function", LAYERS)
@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the machine code is for Python 3.13")
def test_a_function_imports_nothing_but_what_is_uploaded(built, function, tmp_path):
    roots = [built / function, *(built / layer / "python" for layer in LAYERS[function])]
    environ = {"DASHBOARD_TABLE": "none", "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path)}
    command = [sys.executable, "-I", "-S", "-c", IMPORT, HANDLERS[function], *map(str, roots)]
    imported = json.loads(
        subprocess.run(command, env=environ, capture_output=True, check=True).stdout
    )
    standard = Path(os.__file__).parent

    outside = [
        file
        for file in imported
        if not any(Path(file).is_relative_to(root) for root in (*roots, standard))
    ]
    assert not outside
    assert not [file for file in imported if "site-packages" in file]


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the machine code is for Python 3.13")
def test_a_stream_loads_nothing_that_it_does_not_use(built, tmp_path):
    function = "StreamFunction"
    roots = [built / function, *(built / layer / "python" for layer in LAYERS[function])]
    environ = {"DASHBOARD_TABLE": "none", "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path)}
    command = [sys.executable, "-I", "-S", "-c", IMPORT, HANDLERS[function], *map(str, roots)]
    imported = subprocess.run(command, env=environ, capture_output=True, check=True).stdout

    unwanted = ("/asyncio/", "/pydantic", "/boto3/", "/s3transfer/", "/docs/service", "/appsync")
    assert not [name for name in unwanted if name.encode() in imported]


def test_the_parts_fit_into_lambda(built, tmp_path):
    for artefact in artefacts(built):
        archive = shutil.make_archive(str(tmp_path / artefact.name), "zip", artefact)
        limit = 10_000_000 if artefact.name.startswith("Tokens") else 4_000_000
        assert Path(archive).stat().st_size < limit, "a cold start downloads and unpacks this"
