"""Tests which Python runs a function."""

import logging
import sys
from pathlib import Path

import pytest

from local_lambda.application import Function
from local_lambda.environments.interpreters import (
    OWN_VERSION,
    InterpreterError,
    Named,
    choose,
    named,
)

OTHER = "3.12" if OWN_VERSION != "3.12" else "3.11"


def function(runtime, name="F"):
    return Function(name, name, "app.handler", runtime, Path("/nowhere"))


def interpreter(folder, version=OTHER, missing=""):
    """Makes a program that says of itself what an interpreter is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python{version}"
    path.write_text(f"#!/bin/sh\necho {version} {missing}\n")
    path.chmod(0o755)
    return str(path)


def test_the_emulators_own_version_and_other_runtimes_need_no_search(tmp_path):
    functions = [function(f"python{OWN_VERSION}", "Own"), function("provided.al2023", "Provided")]

    assert choose(functions, Named(), {}) == {"Own": sys.executable, "Provided": sys.executable}


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("PATH", ""),
        ("PYENV_ROOT", f"versions/{OTHER}.1/bin"),
        ("UV_PYTHON_INSTALL_DIR", f"cpython-{OTHER}.9-linux-x86_64-gnu/bin"),
    ],
)
def test_an_interpreter_of_the_runtime_that_is_found_and_prepared_runs_it(
    tmp_path, variable, place, caplog
):
    python = interpreter(tmp_path / place)
    environ = {"HOME": str(tmp_path / "home"), variable: str(tmp_path)}

    assert choose([function(f"python{OTHER}")], Named(), environ) == {"F": python}
    assert "runtime.other_python" not in caplog.text


def test_one_that_lacks_the_client_is_not_taken_and_the_commands_are_named(tmp_path, caplog):
    python = interpreter(tmp_path, missing="awslambdaric")
    functions = [function(f"python{OTHER}", name) for name in ("First", "Second")]
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path)}

    assert set(choose(functions, Named(), environ).values()) == {sys.executable}
    assert f"First, Second: the Runtime is python{OTHER}" in caplog.text
    assert f"{python} -m venv .venv-{OTHER} && .venv-{OTHER}/bin/pip install" in caplog.text
    assert f"--python {OTHER}=.venv-{OTHER}/bin/python" in caplog.text
    assert len(caplog.records) == 1


def test_a_folder_of_another_user_is_passed_over(tmp_path):
    (tmp_path / "file").write_text("no folder")
    environ = {"HOME": str(tmp_path), "PATH": "", "PYENV_ROOT": str(tmp_path / "file")}

    assert choose([function(f"python{OTHER}")], Named(), environ) == {"F": sys.executable}


def test_a_runtime_without_an_interpreter_here_is_named(tmp_path, caplog):
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path)}

    assert choose([function(f"python{OTHER}")], Named(), environ) == {"F": sys.executable}
    assert f"install Python {OTHER}, then" in caplog.text


@pytest.mark.parametrize("runtime", ["python3.8", "python3.99"])
def test_a_runtime_that_the_emulator_does_not_know_is_left_to_the_template_s_finding(
    runtime, caplog
):
    assert choose([function(runtime)], Named(), {}) == {"F": sys.executable}
    assert not caplog.records


def test_the_command_line_names_one_for_all_or_one_for_a_runtime(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    other = interpreter(tmp_path)
    given = named([sys.executable, f"{OTHER}={other}"])
    functions = [function(f"python{OTHER}", "Other"), function("python3.8", "Old")]

    assert choose(functions, given, {}) == {"Other": other, "Old": sys.executable}
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/nowhere/python", "--python /nowhere/python: there is no such program"),
        ("3.12=/nowhere/python", "--python /nowhere/python: there is no such program"),
        ("3.12=/bin/false", "/bin/false cannot be run"),
        (f"3.1={sys.executable}", f"is Python {OWN_VERSION}"),
    ],
)
def test_an_interpreter_that_cannot_be_used_is_a_sentence(text, says):
    with pytest.raises(InterpreterError) as error:
        named([text])
    assert says in str(error.value)
