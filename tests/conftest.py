"""Options and fixtures for all tests, and which of them may run beside each other."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.moto_table", "tests.releases"]

HERE = Path(__file__).parent
# Each file of these starts an emulator or a browser: one worker runs all of a file.
STARTS_PROCESSES = {"browser", "chaos", "e2e", "emulator", "install", "limits", "openapi", "release", "rie", "sam"}
# Whose files share what is costly to make.
TOGETHER = {"install"}
# They judge how long things take, so nothing else may run at that time. So do single tests that say it themselves.
TIMED = {"limits", "rie"}
TIMED_FILES = {"browser/test_live.py", "e2e/test_service.py"}
# They are about the service and not about a version of Python: CI runs them on one.
ONCE = {"browser", "chaos", "limits", "openapi", "sam"}
ONCE_FILES = {"e2e/test_commands.py", "e2e/test_deployed.py", "e2e/test_recipe.py"}


def pytest_addoption(parser):
    group = parser.getgroup("deployed service")
    group.addoption("--base-url", help="run the end-to-end tests against this address of the API, stage included")
    group.addoption("--stream-url", help="the stream function's Function URL, with --base-url")
    group.addoption("--table", help="the deployed table, so that tests can write items, with --base-url")


@pytest.hookimpl(tryfirst=True)  # xdist looks at the groups in a hook of its own
def pytest_collection_modifyitems(items):
    for item in items:
        path = item.path.relative_to(HERE)
        if path.parts[0] in STARTS_PROCESSES:
            alone = path.as_posix() if path.parts[0] not in TOGETHER else path.parts[0]
            item.add_marker(pytest.mark.xdist_group(alone))
        if path.parts[0] in TIMED or path.as_posix() in TIMED_FILES:
            item.add_marker("timed")
        if path.parts[0] in ONCE or path.as_posix() in ONCE_FILES:
            item.add_marker("once")
