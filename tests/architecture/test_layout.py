"""The layout tells the architecture; these tests keep it true."""

import ast
import importlib
import subprocess
import sys
import tomllib

import pytest

from tests.support.paths import PACKAGES, ROOT

STANDARD = frozenset(sys.stdlib_module_names)
ON_LAMBDA = {"aws_lambda_powertools", "boto3", "botocore", "pydantic"}
MAY_IMPORT = {
    "streaming_runtime": set(),
    "event_stream": set(),
    "dashboard_data": {"pydantic"},
    "dashboard_http": {"dashboard_data", "dashboard_setup", "jwt", *ON_LAMBDA},
    "dashboard_setup": {"dashboard_data", "dashboard_http", *ON_LAMBDA},
    "stream_function": {
        "event_stream",
        "dashboard_data",
        "dashboard_http",
        "dashboard_setup",
        *ON_LAMBDA,
    },
    "api_function": {"dashboard_data", "dashboard_http", "dashboard_setup", *ON_LAMBDA},
    "publish_function": {"dashboard_data", *ON_LAMBDA},
    "local_lambda": {
        "h11",
        "yaml",
        "boto3",
        "botocore",
        "moto",
        "requests",
        "werkzeug",
        "awslambdaric",
    },
}


def imports(package):
    for path in PACKAGES[package].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield path.name, node.module.split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package):
    allowed = {package, *MAY_IMPORT[package], *STANDARD}

    assert [found for found in imports(package) if found[1] not in allowed] == []


@pytest.mark.parametrize("script", ["lists", "packages", "environment"])
def test_what_makes_the_environment_needs_nothing_of_it(script):
    tree = ast.parse((ROOT / f"scripts/{script}.py").read_text())
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.split(".")[0] for name in imported} <= STANDARD | {"lists", "packages"}


@pytest.mark.parametrize("package", ["streaming_runtime", "event_stream", "dashboard_data"])
def test_a_packages_door_names_all_that_it_offers_sorted(package):
    module = importlib.import_module(package)
    tree = ast.parse((PACKAGES[package] / "__init__.py").read_text())
    names = [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]

    assert sorted(module.__all__) == sorted(names)
    assert all(hasattr(module, name) for name in module.__all__)


def test_every_import_root_is_one_that_lambda_has_and_holds_distinct_packages():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    roots = [ROOT / root for root in settings["tool"]["pytest"]["ini_options"]["pythonpath"]]
    assert roots[-1] == ROOT / "scripts"  # not Lambda's
    found = [
        path.name
        for root in roots[1:-1]
        for path in root.iterdir()
        if (path / "__init__.py").is_file()
    ]

    assert sorted(found) == sorted(name for name in PACKAGES if name != "local_lambda")


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "local_lambda"])
def test_no_file_that_runs_on_lambda_is_longer_than_250_lines(package):
    lengths = {
        path.name: len(path.read_text().splitlines()) for path in PACKAGES[package].rglob("*.py")
    }

    assert {name: length for name, length in lengths.items() if length > 250} == {}


def test_the_runtime_starts_without_heavy_modules():
    """What is imported before /next is paid for by every cold start."""
    code = "import sys, streaming_runtime.loop; print(*sys.modules)"
    environ = {"PYTHONPATH": str(PACKAGES["streaming_runtime"].parent)}
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environ, capture_output=True, text=True, check=True
    )

    heavy = {
        "http",
        "ssl",
        "email",
        "asyncio",
        "logging",
        "traceback",
        "threading",
        "dataclasses",
        "typing",
        "inspect",
    }
    assert not heavy & set(loaded.stdout.split())


def test_no_module_of_the_layers_or_functions_edits_the_import_path_but_the_runtimes_start():
    editing = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in PACKAGES[package].rglob("*.py")
        if "sys.path" in path.read_text()
    ]

    assert [path for path in editing if not path.startswith("local_lambda/")] == [
        "layers/streaming_runtime/python/streaming_runtime/__main__.py"
    ]
