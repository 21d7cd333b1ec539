"""Options for all tests, and the order in which they run beside each other."""

import gc
from pathlib import Path

from hypothesis import settings

pytest_plugins = [
    "lambda_streaming.testing.plugin",  # the wheel registers it by itself
    "tests.support.browser",
    "tests.support.moto_table",
    "tests.support.releases",
    "tests.support.witness",
]

# How long an example takes depends on what else runs: Hypothesis's own limit is 200 ms.
settings.register_profile("beside others", parent=settings.default, deadline=None)
settings.load_profile("beside others")

HERE = Path(__file__).parent
# The workers take whole files (`--dist loadfile`), since most files start an emulator or a browser.
# The longest come first, and beside two that compute there is always one that mostly waits.
COMPUTING = (
    "system/chaos",
    "fuzz",
    "dashboard",
    "scripts",
    "stream_function",
    "parity",
    "powertools",
    "api_function",
    "dashboard_http",
    "system/failure_modes",
    "system/faults",
    "dashboard_data",
    "publish_function",
)
WAITING = (
    "system/outages",
    "system/clients",
    "examples",
    "local_lambda",
    "system/verify",
    "system/e2e",
    "system/openapi",
    "system/sam",
    "streaming_runtime",
)
# These measure how long things take, so nothing else may run beside them. Single tests elsewhere
# are marked `timed` themselves.
TIMED = (
    "system/conformance/test_conformance.py",
    "system/limits",
    "system/soak",
    "system/rie",
    "dashboard/test_live.py",
    "streaming_runtime/test_last_seconds.py",
)
# These test the service and not a version of Python: CI runs them on one version only.
ONCE = (
    "api_function",
    "benchmarks",
    "dashboard",
    "dashboard_data",
    "dashboard_http",
    "dashboard_setup",
    "examples",
    "fuzz",
    "parity",
    "publish_function",
    "security",
    "stream_function",
    "system/chaos",
    "system/clients",
    "system/conformance",
    "system/failure_modes",
    "system/faults",
    "system/limits",
    "system/openapi",
    "system/outages",
    "system/soak",
    "system/verify",
    "scripts/audit",
    "scripts/release",
    "system/sam",
    "system/e2e/test_commands.py",
    "system/e2e/test_deployed.py",
    "system/e2e/test_recipe.py",
)


def pytest_addoption(parser):
    group = parser.getgroup("deployed service")
    group.addoption(
        "--base-url",
        help="run the end-to-end tests against this address of the API, stage included",
    )
    group.addoption("--stream-url", help="the stream function's Function URL, with --base-url")
    group.addoption(
        "--table", help="the deployed table, so that tests can write items, with --base-url"
    )


def pytest_ignore_collect(collection_path, config):
    """Skips files without timed tests when only timed tests are asked for: importing takes long."""
    asked = config.option.markexpr.startswith("timed and")
    if not asked or collection_path.suffix != ".py" or HERE not in collection_path.parents:
        return None
    if _lies_in(collection_path, TIMED) or "mark.timed" in collection_path.read_text("utf-8"):
        return None
    return True


def _lies_in(path, places):
    return any(path == HERE / place or HERE / place in path.parents for place in places)


def pytest_collection_modifyitems(items):
    for item in items:
        if _lies_in(item.path, TIMED):
            item.add_marker("timed")
        if _lies_in(item.path, ONCE):
            item.add_marker("once")
    items[:] = in_order(items)


def in_order(items):
    """Returns the tests file by file, in the order in which the workers take the files."""
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    computing = [path for place in COMPUTING for path in files if _lies_in(path, (place,))]
    waiting = [path for place in WAITING for path in files if _lies_in(path, (place,))]
    order = []
    while computing or waiting:
        order += [*computing[:2], *waiting[:1]]
        del computing[:2]
        del waiting[:1]
    order += [path for path in files if path not in order]
    return [item for path in order for item in files[path]]


def pytest_collection_finish():
    """Exempts all imported modules from garbage collection: they stay anyway."""
    gc.collect()
    gc.freeze()
