"""Options and fixtures for all tests, and which of them may run beside each other."""

import gc
from pathlib import Path

pytest_plugins = ["tests.moto_table", "tests.releases"]

HERE = Path(__file__).parent
# The workers take whole files (`--dist loadfile`), since most of these start an emulator or a browser for each. First
# those that take longest, and beside two that compute always one that mostly waits.
COMPUTING = ("chaos", "browser", "install", "release", "functions", "data")
WAITING = ("emulator", "e2e", "openapi", "sam", "runtime")
# They judge how long things take, so nothing else may run at that time. So do single tests that say it themselves.
TIMED = {"limits", "rie"}
TIMED_FILES = {"browser/test_live.py"}
# They are about the service and not about a version of Python: CI runs them on one.
ONCE = {"browser", "chaos", "limits", "openapi", "release", "sam"}
ONCE_FILES = {"e2e/test_commands.py", "e2e/test_deployed.py", "e2e/test_recipe.py"}


def pytest_addoption(parser):
    group = parser.getgroup("deployed service")
    group.addoption("--base-url", help="run the end-to-end tests against this address of the API, stage included")
    group.addoption("--stream-url", help="the stream function's Function URL, with --base-url")
    group.addoption("--table", help="the deployed table, so that tests can write items, with --base-url")


def pytest_ignore_collect(collection_path, config):
    """Leaves out the files without timed tests, where only those are asked for: importing them takes longest."""
    asked = config.option.markexpr.startswith("timed and")
    if not asked or collection_path.suffix != ".py" or HERE not in collection_path.parents:
        return None
    path = collection_path.relative_to(HERE)
    return None if _is_timed(path) or "mark.timed" in collection_path.read_text("utf-8") else True


def _is_timed(path):
    return path.parts[0] in TIMED or path.as_posix() in TIMED_FILES


def pytest_collection_modifyitems(items):
    for item in items:
        path = item.path.relative_to(HERE)
        if _is_timed(path):
            item.add_marker("timed")
        if path.parts[0] in ONCE or path.as_posix() in ONCE_FILES:
            item.add_marker("once")
    items[:] = in_order(items)


def in_order(items):
    """Returns the tests file by file, in the order in which the workers take the files."""
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    folder = lambda path: path.relative_to(HERE).parts[0]  # noqa: E731
    computing = [path for name in COMPUTING for path in files if folder(path) == name]
    waiting = [path for name in WAITING for path in files if folder(path) == name]
    order = []
    while computing or waiting:
        order += [*computing[:2], *waiting[:1]]
        computing, waiting = computing[2:], waiting[1:]
    order += [path for path in files if path not in order]
    return [item for path in order for item in files[path]]


def pytest_collection_finish():
    """Spares the garbage collector all that was imported: it stays anyway."""
    gc.collect()
    gc.freeze()
