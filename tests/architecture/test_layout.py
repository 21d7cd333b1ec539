"""The layout tells the architecture; these tests keep it true."""

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.paths import PACKAGES, ROOT

STANDARD = frozenset(sys.stdlib_module_names)
ON_LAMBDA = {"aws_lambda_powertools", "boto3", "botocore", "pydantic"}
OURS = {"dashboard_data", "dashboard_http", "dashboard_setup"}
MAY_IMPORT = {
    "streaming_runtime": set(),
    "lambda_streaming": {
        "streaming_runtime",
        "event_stream",
        "aws_lambda_powertools",
        "pydantic_core",
        "local_lambda",  # `testing` alone
        "pytest",
    },
    "event_stream": set(),
    "dashboard_data": {"pydantic"},
    "dashboard_http": {"dashboard_data", "jwt", *ON_LAMBDA},
    "dashboard_setup": {
        "dashboard_data",
        "dashboard_http",
        "snapshot_restore_py",  # it comes with the managed runtime
        *ON_LAMBDA,
    },
    "stream_function": {"event_stream", *OURS, *ON_LAMBDA},
    "api_function": {*OURS, *ON_LAMBDA},
    "publish_function": {"dashboard_data", "dashboard_setup", *ON_LAMBDA},
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
    "sse_conformance": {"event_stream", "streaming_runtime"},
}
TESTS = ROOT / "tests"
# These folders of tests are named for what they test, and not for a package.
OTHER_TESTS = {
    "architecture",
    "benchmarks",
    "dashboard",
    "examples",
    "fuzz",
    "docs",
    "parity",
    "powertools",
    "scripts",
    "security",
    "support",
    "system",
}
# Inside of a package's tests, these are named for a subject that has several files.
SUBJECTS = {
    "lambda_streaming/asgi",
    "lambda_streaming/shapes",
    "lambda_streaming/sse",
    "lambda_streaming/wsgi",
}


def imported_names(path: Path, package: str = "", types_too: bool = True) -> Iterator[str]:
    """Yields the full names that a file imports, wherever in it an import stands.

    `from a import b` yields `a.b`, whether b is a module or not. `package` is the package of the
    file, which relative imports start from.
    """
    tree = ast.parse(path.read_text("utf-8"))
    left_out = set() if types_too else {*type_only(tree)}
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = [*above, *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def type_only(tree: ast.AST) -> Iterator[ast.AST]:
    """Yields all that stands under `if TYPE_CHECKING`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                yield from ast.walk(statement)


def roots_of(path: Path) -> set[str]:
    """Returns the first parts of the names that a file imports absolutely."""
    return {name.split(".")[0] for name in imported_names(path)}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package):
    allowed = {package, *MAY_IMPORT[package], *STANDARD}
    found = {
        (path.name, name.split(".")[0])
        for path in PACKAGES[package].rglob("*.py")
        for name in imported_names(path, package)
    }

    assert [each for each in found if each[1] not in allowed] == []


@pytest.mark.parametrize("script", ["lists", "packages", "environment"])
def test_what_makes_the_environment_needs_nothing_of_it(script):
    assert roots_of(ROOT / f"scripts/{script}.py") <= STANDARD | {"lists", "packages"}


def test_programs_that_are_run_by_path_import_nothing_of_ours():
    programs = [*(PACKAGES["local_lambda"] / "programs").glob("*.py")]

    assert len(programs) > 3
    assert {path.name: roots_of(path) & PACKAGES.keys() for path in programs} == {
        path.name: set() for path in programs
    }


# --- no cycles


def modules_of(package: str) -> dict[str, Path]:
    """Returns the files of a package by the names of their modules."""
    folder = PACKAGES[package]
    modules = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def imports_between(modules: dict[str, Path], types_too: bool = True) -> dict[str, set[str]]:
    """Returns for each module the others that it imports.

    Imports inside of functions count, and those under TYPE_CHECKING unless `types_too` is False.
    """
    graph = {}
    for name, path in modules.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found = set()
        for imported in imported_names(path, package, types_too):
            found.add(imported if imported in modules else imported.rpartition(".")[0])
        graph[name] = found & modules.keys() - {name}
    return graph


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """Returns one cycle of the graph, or an empty list."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize(
    "packages",
    [
        ("dashboard_data", "dashboard_http", "dashboard_setup"),
        ("stream_function", "api_function", "publish_function"),
        ("event_stream",),
        ("local_lambda",),
        ("sse_conformance",),
    ],
    ids=" ".join,
)
def test_no_modules_import_each_other(packages):
    modules = {name: path for package in packages for name, path in modules_of(package).items()}

    assert cycle_in(imports_between(modules)) == []


def test_no_modules_of_the_runtime_import_each_other_when_they_run():
    """Its types are annotations alone: what is imported for these is not imported on Lambda."""
    modules = modules_of("streaming_runtime")

    assert cycle_in(imports_between(modules, types_too=False)) == []


@pytest.mark.parametrize("package", ["dashboard_data", "local_lambda"])
def test_no_rooms_of_a_package_import_each_other(package):
    """A room is a package inside of the package, or a module beside these."""

    def room(module):
        return ".".join(module.split(".")[:2])

    rooms: dict[str, set[str]] = {}
    for module, imported in imports_between(modules_of(package)).items():
        # The package's own door imports from its rooms, and is none.
        others = {room(each) for each in imported - {package}} - {room(module)}
        if module != package:
            rooms.setdefault(room(module), set()).update(others)

    assert len(rooms) > 5
    assert cycle_in(rooms) == []


def test_a_cycle_is_found_whatever_form_its_imports_have(tmp_path):
    files = {
        "p/__init__.py": "",
        "p/one.py": "def f():\n    from .room import two\n",
        "p/room/__init__.py": "",
        "p/room/two.py": "if False:\n    from ..three import name\n",
        "p/three.py": "import p.one\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    names = {
        "p": "p/__init__.py",
        "p.one": "p/one.py",
        "p.room": "p/room/__init__.py",
        "p.room.two": "p/room/two.py",
        "p.three": "p/three.py",
    }
    graph = imports_between({name: tmp_path / path for name, path in names.items()})

    assert graph["p.one"] == {"p.room.two"}
    assert graph["p.room.two"] == {"p.three"}
    assert graph["p.three"] == {"p.one"}
    assert set(cycle_in(graph)) == {"p.one", "p.room.two", "p.three"}


# --- doors and roots


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

    assert sorted(found) == sorted(PACKAGES.keys() - {"local_lambda", "sse_conformance"})


def test_the_runtime_starts_without_heavy_modules():
    """Every cold start pays for the modules that are imported before /next."""
    program = "import sys, streaming_runtime.loop; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(PACKAGES["streaming_runtime"].parent)},
        capture_output=True,
        text=True,
        check=True,
    )

    heavy = {
        "asyncio",
        "dataclasses",
        "email",
        "http",
        "inspect",
        "logging",
        "selectors",
        "signal",
        "socket",
        "ssl",
        "threading",
        "traceback",
        "typing",
    }
    assert not heavy & set(ended.stdout.split())


def test_no_module_edits_the_import_path_but_those_that_are_started():
    editing = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in PACKAGES[package].rglob("*.py")
        if "sys.path" in path.read_text()
    ]

    assert [path for path in editing if not path.startswith("local_lambda/")] == [
        "layers/streaming_runtime/python/streaming_runtime/__main__.py",
        "sse_conformance/__main__.py",  # in a clone the decoder is in the layer's folder
    ]


# --- the tests themselves


def is_test_or_conftest(module: str) -> bool:
    return module.startswith("test_") or module == "conftest"


def is_helper_above(path: Path, name: str) -> bool:
    """Whether `name` is of a module beside `path`, or in a folder around it, below `tests`."""
    for folder in path.relative_to(TESTS).parents:
        prefix = ".".join(("tests", *folder.parts)) + "."
        if prefix != "tests." and name.startswith(prefix):
            module = name.removeprefix(prefix).split(".")[0]
            if (TESTS / folder / f"{module}.py").is_file():
                return not is_test_or_conftest(module)
    return False


def test_tests_import_from_tests_only_support_and_helpers_of_their_own_or_an_outer_folder():
    wrong = []
    for path in TESTS.rglob("*.py"):
        if path.parent.name == "broken":  # handlers that cannot be imported
            continue
        folder = ".".join(path.relative_to(ROOT).parts[:-1])
        for name in imported_names(path, folder):
            if name.split(".")[0] != "tests" or name.startswith("tests.support."):
                continue
            if not is_helper_above(path, name):
                wrong.append((path.relative_to(ROOT).as_posix(), name))

    assert wrong == []


def test_the_folders_of_tests_mirror_packages_that_exist():
    folders = {path.parent for path in TESTS.rglob("test_*.py")}
    names = {folder.relative_to(TESTS).parts for folder in folders}
    mirrored = {
        parts for parts in names if parts[0] not in OTHER_TESTS and "/".join(parts) not in SUBJECTS
    }
    without = [
        "/".join(parts)
        for parts in sorted(mirrored)
        if parts[0] not in PACKAGES
        or not PACKAGES[parts[0]].joinpath(*parts[1:], "__init__.py").is_file()
    ]

    assert without == []
    assert {parts[0] for parts in mirrored} == PACKAGES.keys()
