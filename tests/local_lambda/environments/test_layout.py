"""Tests how code comes to lie on disk: zip files, single files, text in the template."""

import contextlib
import logging
import os
import stat
import sys
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.application import Function
from local_lambda.environments.launch import LaunchSettings, prepare
from local_lambda.environments.layout import LaunchError, unzipped
from local_lambda.environments.packages import package_layers


def prepared(directory, code, **fields):
    function = Function("F", "f", "app.handler", "python3.13", code, **fields)
    (directory / "run").mkdir()
    return prepare(function, directory / "run", LaunchSettings(sys.executable, "us-east-1"))


def archive_of(path, *entries):
    """Makes a zip file of (name, mode, content)."""
    with ZipFile(path, "w") as archive:
        for name, mode, content in entries:
            entry = ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return path


def why_not(launch):
    with pytest.raises(LaunchError) as refusal:
        launch.command()
    return str(refusal.value)


def test_a_folder_is_used_where_it_lies(tmp_path):
    assert prepared(tmp_path, tmp_path).task == tmp_path


def test_a_zip_file_is_unpacked_with_permissions_and_links(tmp_path):
    code = archive_of(
        tmp_path / "code.zip",
        ("lib/now", stat.S_IFLNK | 0o777, "one.py"),
        ("lib/one.py", stat.S_IFREG | 0o644, "x = 1\n"),
        ("run", stat.S_IFREG | 0o755, "#!/bin/sh\n"),
    )
    task = prepared(tmp_path, code).task

    assert (task / "lib/now").read_text() == "x = 1\n"
    assert (task / "lib/now").is_symlink()
    assert os.access(task / "run", os.X_OK)


@pytest.mark.parametrize("name", ["../out.py", "a/../../out.py", "/tmp/out.py"])
def test_an_entry_that_points_out_of_the_archive_is_refused(tmp_path, name):
    code = archive_of(tmp_path / "code.zip", (name, stat.S_IFREG | 0o644, "x = 1\n"))
    reason = why_not(prepared(tmp_path, code))

    assert f"its entry {name!r} points out of the archive" in reason


def test_no_entry_is_written_through_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    code = archive_of(
        tmp_path / "code.zip",
        ("way", stat.S_IFLNK | 0o777, str(tmp_path / "elsewhere")),
        ("way/app.py", stat.S_IFREG | 0o644, "x = 1\n"),
    )
    why_not(prepared(tmp_path, code))

    assert not list((tmp_path / "elsewhere").iterdir())


@given(content=st.binary(max_size=60), tail=st.binary(max_size=60))
def test_a_broken_zip_file_is_unpacked_or_refused_and_never_another_error(
    tmp_path_factory, content, tail
):
    folder = tmp_path_factory.mktemp("zip")
    archive_of(folder / "code.zip", ("app.py", stat.S_IFREG | 0o644, "x = 1\n"))
    whole = (folder / "code.zip").read_bytes()
    (folder / "code.zip").write_bytes(whole[: len(whole) // 2] + content + whole[-30:] + tail)
    with contextlib.suppress(LaunchError):
        unzipped(folder / "code.zip", folder / "task")


def test_code_that_is_one_file_is_copied_and_copied_again_when_it_changes(tmp_path):
    code = tmp_path / "app.py"
    code.write_text("x = 1\n")
    launch = prepared(tmp_path, code)
    assert [path.name for path in launch.task.iterdir()] == ["app.py"]
    code.write_text("x = 2\n")
    os.utime(code, ns=(1, 1))
    launch.command()

    assert (launch.task / "app.py").read_text() == "x = 2\n"


def test_code_in_the_template_becomes_index_py(tmp_path):
    task = prepared(tmp_path, tmp_path, inline_code="def handler(event, context): ...\n").task

    assert (task / "index.py").read_text() == "def handler(event, context): ...\n"


def test_a_function_without_code_or_layer_says_so_and_others_are_laid_out(tmp_path, caplog):
    with caplog.at_level(logging.ERROR):
        launch = prepared(tmp_path, tmp_path / "missing")

    assert why_not(launch) == f"the code {tmp_path}/missing does not exist"
    assert "function.not_served F the code" in caplog.text


def test_a_package_of_the_interpreter_needs_no_layer(tmp_path):
    assert package_layers(["pytest>=1"], "F", python=sys.executable, layers=()) == ()


def test_a_package_of_a_layer_needs_no_other(tmp_path):
    (tmp_path / "python/Some_Thing-1.0.dist-info").mkdir(parents=True)
    found = package_layers(["some-thing[all]==1"], "F", python=sys.executable, layers=[tmp_path])

    assert found == ()


def installing_python(folder, script):
    """Makes an interpreter that knows no package; `script` is its pip."""
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *"-m pip"*) {script};; *metadata*) exit 1;; *) echo 3.13;; esac\n'
    )
    python.chmod(0o755)
    return str(python)


def test_a_missing_package_is_installed_once_into_the_cache(tmp_path):
    count = tmp_path / "count"
    python = installing_python(
        tmp_path, f'echo x >> {count}; while [ "$1" != --target ]; do shift; done; mkdir -p "$2"'
    )
    found = [
        package_layers(["thing==1"], "F", python=python, layers=(), cache=tmp_path / "cache")
        for _ in range(2)
    ]

    assert found[0] == found[1]
    assert (found[0][0] / "python").is_dir()
    assert found[0][0].is_relative_to(tmp_path / "cache")
    assert count.read_text() == "x\n"


def test_a_package_that_cannot_be_installed_is_named_with_what_to_do(tmp_path, caplog):
    tried = tmp_path / "tried"
    script = f"echo x >> {tried}; echo 'No module named pip' >&2; exit 1"
    python = installing_python(tmp_path, script)
    for name in ("F", "G"):
        found = package_layers(
            ["thing==1"], name, python=python, layers=(), cache=tmp_path / "cache"
        )
        assert found == ()

    assert tried.read_text() == "x\n"
    assert "thing==1 of G cannot be installed" in caplog.text
    assert "thing==1 of F cannot be installed (No module named pip)" in caplog.text
    assert f"install it: {python} -m pip install 'thing==1'" in caplog.text
    assert not list(Path(tmp_path / "cache/packages").iterdir())
