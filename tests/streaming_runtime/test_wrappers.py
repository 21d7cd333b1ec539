"""Tests that wrappers of other tools run before the runtime."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fake_runtime_api import FakeRuntimeApi
from tests.support.paths import ROOT
from tests.support.waiting import eventually

BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
MAIN = ROOT / "layers/streaming_runtime/python/streaming_runtime/__main__.py"
SEEN = """
import os, sys

def handler(event, context):
    seen = {"environ": dict(os.environ), "path": sys.path, "argv": sys.argv}
    return {**seen, "dev_mode": sys.flags.dev_mode}
"""


@pytest.fixture
def task(tmp_path):
    """A folder with a function's code that returns what it sees."""
    folder = tmp_path / "task"
    (folder / "inner").mkdir(parents=True)
    (folder / "app.py").write_text(SEEN)
    (folder / "inner" / "app.py").write_text(SEEN)
    return folder


@pytest.fixture
def wrapper(tmp_path):
    """Returns a function that writes an executable file."""

    def write(name, text, mode=0o755):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return write


def environment_of(platform, task, wrappers, handler="app.handler"):
    """Returns an environment as bare as Lambda's."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": platform.address,
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(task),
        "STREAMING_RUNTIME_EXEC_WRAPPER": wrappers,
    }


def start(platform, task, wrappers, *, handler="app.handler", command=None, **environ):
    """Runs the real bootstrap as Lambda does."""
    bare = environment_of(platform, task, wrappers, handler)
    return subprocess.run(
        command or [BOOTSTRAP, sys.executable, "/var/runtime/bootstrap.py"],
        env={**bare, **environ},
        cwd=task,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def seen_by(task, wrappers, **options):
    """Returns what the function sees when `wrappers` run before it."""
    with FakeRuntimeApi([{"body": b"{}"}]) as platform:
        process = start(platform, task, wrappers, **options)
    assert platform.posts, process.stderr
    return json.loads(platform.posts[0].body)


def test_the_other_wrapper_gets_the_interpreter_and_the_file_to_run(task, wrapper):
    other = wrapper("other", '#!/bin/sh\nexport ARGUMENTS="$*" COUNT=$#\nexec "$@"\n')
    seen = seen_by(task, other)

    assert seen["environ"]["ARGUMENTS"] == f"{sys.executable} {MAIN}"
    assert seen["environ"]["COUNT"] == "2"
    assert seen["argv"] == [str(MAIN)]
    assert "STREAMING_RUNTIME_EXEC_WRAPPER" not in seen["environ"]


def test_started_bare_the_other_wrapper_runs_too(task, wrapper):
    other = wrapper("other", '#!/bin/sh\nexport ARGUMENTS="$*"\nexec "$@"\n')
    bare = {"command": [BOOTSTRAP], "STREAMING_RUNTIME_PYTHON": sys.executable}
    seen = seen_by(task, other, **bare)

    assert seen["environ"]["ARGUMENTS"] == f"{sys.executable} {MAIN}"


def test_options_that_a_wrapper_puts_before_the_last_argument_reach_the_interpreter(task, wrapper):
    """This is what AWS's own example of a wrapper does."""
    other = wrapper("other", '#!/bin/bash\nexec "${@:1:$#-1}" -X dev "${@: -1}"\n')

    assert seen_by(task, other)["dev_mode"] is True


def test_several_wrappers_run_in_the_order_of_the_list(task, wrapper):
    first = wrapper("first", '#!/bin/sh\nexport ORDER="first"\nexec "$@"\n')
    second = wrapper("a second", '#!/bin/sh\nexport ORDER="$ORDER second"\nexec "$@"\n')
    seen = seen_by(task, f"{first}:{second}:")

    assert seen["environ"]["ORDER"] == "first second"


@pytest.mark.parametrize("handler", ["inner/app.handler", "inner.app.handler"])
def test_a_wrapper_that_replaces_the_handler_finds_the_old_one(task, wrapper, handler):
    text = '#!/bin/sh\nexport ORIG_HANDLER="$_HANDLER" _HANDLER=tool.handler\nexec "$@"\n'
    other = wrapper("other", text)
    (task / "tool.py").write_text(
        "import importlib, os\n"
        "name, _, function = os.environ['ORIG_HANDLER'].rpartition('.')\n"
        "inner = getattr(importlib.import_module(name.replace('/', '.')), function)\n"
        "def handler(event, context):\n"
        "    return inner(event, context)\n"
    )

    assert seen_by(task, other, handler=handler)["environ"]["ORIG_HANDLER"] == handler


def test_a_path_that_is_not_absolute_begins_where_the_function_runs(task, wrapper):
    other = Path(wrapper("other", '#!/bin/sh\nexport OTHER=ran\nexec "$@"\n'))
    other.rename(task / "other")

    assert seen_by(task, "other")["environ"]["OTHER"] == "ran"


def test_a_wrapper_that_is_our_own_bootstrap_does_not_loop(task, wrapper):
    other = wrapper("other", '#!/bin/sh\nexport OTHER=ran\nexec "$@"\n')
    seen = seen_by(task, f"{BOOTSTRAP}:{other}")

    assert seen["argv"] == [str(MAIN)]
    assert seen["environ"]["OTHER"] == "ran"


def test_a_wrapper_that_starts_our_bootstrap_again_does_not_loop(task, wrapper):
    other = wrapper("other", f'#!/bin/sh\nexport OTHER=ran\nexec {BOOTSTRAP} "$@"\n')
    seen = seen_by(task, other)

    assert seen["argv"] == [str(MAIN)]
    assert seen["environ"]["OTHER"] == "ran"
    assert seen["path"][2] == str(BOOTSTRAP.parent / "python")


@pytest.mark.parametrize("name", ["nothing", "task"])
def test_a_wrapper_that_is_missing_or_a_folder_is_one_clear_line(task, tmp_path, name):
    named = str(tmp_path / name)
    with FakeRuntimeApi([]) as platform:
        process = start(platform, task, named)

    (line,) = process.stderr.splitlines()
    assert line == (
        f"streaming_runtime: STREAMING_RUNTIME_EXEC_WRAPPER names {named}, "
        "which is no executable file"
    )
    assert process.returncode == 1
    assert platform.calls == []


def test_a_wrapper_that_may_not_be_executed_is_one_clear_line(task, wrapper):
    if os.geteuid() == 0 and os.access(wrapper("probe", "", 0o644), os.X_OK):
        pytest.skip("this user may execute everything")
    named = wrapper("other", "#!/bin/sh\n", 0o644)
    with FakeRuntimeApi([]) as platform:
        process = start(platform, task, named)

    (line,) = process.stderr.splitlines()
    assert line.endswith(f"names {named}, which is no executable file")
    assert process.returncode == 1


def test_a_pythonpath_that_a_wrapper_sets_does_not_hide_the_layers(task, wrapper, tmp_path):
    """On the managed runtime it hides `site-packages` of the layers: docs/observability.md."""
    (tmp_path / "tool").mkdir()
    other = wrapper("other", f'#!/bin/sh\nexport PYTHONPATH="{tmp_path}/tool:"\nexec "$@"\n')
    without = seen_by(task, "")
    seen = seen_by(task, other)

    layers = str(BOOTSTRAP.parent / "python")
    assert seen["path"][0] == str(task)
    assert seen["path"][1].startswith(f"{layers}/lib/python3.")
    assert seen["path"][2] == layers
    assert str(tmp_path / "tool") in seen["path"]
    assert seen["environ"]["PYTHONPATH"] == f"{tmp_path}/tool:"
    assert seen["path"][:4] == without["path"][:4]
    assert set(seen["environ"]) - set(without["environ"]) == {"PYTHONPATH"}


def test_a_pythonpath_of_the_users_own_replaces_the_layers_with_a_wrapper_too(task, wrapper):
    other = wrapper("other", '#!/bin/sh\nexport PYTHONPATH="/tool:$PYTHONPATH"\nexec "$@"\n')
    seen = seen_by(task, other, PYTHONPATH="/mine")

    layers = str(BOOTSTRAP.parent / "python")
    assert not any(entry.startswith(f"{layers}/lib") for entry in seen["path"])
    assert seen["environ"]["PYTHONPATH"] == "/tool:/mine"


def test_an_extension_beside_the_runtime_is_left_to_lambda(task, tmp_path):
    """With an extension Lambda sends SIGTERM before it ends an environment."""
    opt = tmp_path / "opt"
    shutil.copytree(BOOTSTRAP.parent, opt, ignore=shutil.ignore_patterns("__pycache__"))
    extension = opt / "extensions" / "watch"
    extension.parent.mkdir()
    extension.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    extension.chmod(0o755)
    with FakeRuntimeApi([{"body": b"{}"}], hold_next_at=1) as platform:
        process = subprocess.Popen(
            [opt / "bootstrap", sys.executable, "/var/runtime/bootstrap.py"],
            env=environment_of(platform, task, ""),
            cwd=task,
        )
        try:
            eventually(platform.held.is_set)
            process.terminate()
            assert process.wait(10) == 0
        finally:
            process.kill()

    assert platform.posts[0].complete
    assert not (tmp_path / "started").exists()
