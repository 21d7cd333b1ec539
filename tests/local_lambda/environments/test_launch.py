"""Tests layers: zip files, permissions, order."""

import os
import stat
import sys
from zipfile import ZipFile, ZipInfo

import pytest

from local_lambda.application import Function
from local_lambda.environments.launch import LaunchSettings, prepare
from local_lambda.environments.layout import LaunchError


def zipped(path, **files):
    """Makes a zip file whose entries have permissions, as `zip` and `make release` do."""
    with ZipFile(path, "w") as archive:
        for name, (content, permissions) in files.items():
            entry = ZipInfo(name.replace("__", "/"))
            entry.external_attr = (stat.S_IFREG | permissions) << 16
            archive.writestr(entry, content)
    return path


def prepared(tmp_path, *layers, **environment):
    function = Function(
        "F", "f", "app.handler", "python3.13", tmp_path, layers=layers, environment=environment
    )
    (tmp_path / "run").mkdir()
    return prepare(function, tmp_path / "run", LaunchSettings(sys.executable, "us-east-1"))


def test_a_layer_may_be_a_zip_file_and_keeps_its_permissions(tmp_path):
    layer = zipped(
        tmp_path / "layer.zip", bootstrap=("#!/bin/sh\n", 0o755), python__module=("x = 1\n", 0o644)
    )
    opt = prepared(tmp_path, layer).opt

    assert (opt / "python/module").read_text() == "x = 1\n"
    assert os.access(opt / "bootstrap", os.X_OK)
    assert not stat.S_IMODE((opt / "python/module").stat().st_mode) & 0o111


def test_a_later_layer_wins_and_nobody_s_source_is_written_to(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("first", "second"):
        (folder / name).write_text("of the folder")
    before = zipped(tmp_path / "before.zip", first=("of the zip before", 0o644))
    after = zipped(tmp_path / "after.zip", second=("of the zip after", 0o644))
    opt = prepared(tmp_path, before, folder, after).opt

    assert (opt / "first").read_text() == "of the folder"
    assert (opt / "second").read_text() == "of the zip after"
    assert (folder / "second").read_text() == "of the folder"


def test_a_link_out_of_a_layer_becomes_what_it_leads_to(tmp_path):
    (tmp_path / "common").mkdir()
    (tmp_path / "common/tools.py").write_text("x = 1")
    (tmp_path / "layer/python").mkdir(parents=True)
    (tmp_path / "layer/python/common").symlink_to("../../common")
    (tmp_path / "layer/python/tools.py").symlink_to("../../common/tools.py")
    (tmp_path / "layer/python/same.py").symlink_to("tools.py")
    opt = prepared(tmp_path, tmp_path / "layer").opt

    assert (opt / "python/common/tools.py").read_text() == "x = 1"
    assert not (opt / "python/tools.py").is_symlink()
    assert (opt / "python/same.py").read_text() == "x = 1"


def test_layers_of_one_name_stay_apart(tmp_path):
    for name in ("first", "folder", "last"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder/shared").write_text("of the folder")
    first = zipped(tmp_path / "first/layer.zip", shared=("of the first", 0o644))
    last = zipped(tmp_path / "last/layer.zip", other=("of the last", 0o644))
    opt = prepared(tmp_path, first, tmp_path / "folder", last).opt

    assert (opt / "shared").read_text() == "of the folder"
    assert (opt / "other").read_text() == "of the last"


def test_a_zip_file_that_is_none_is_named(tmp_path):
    (tmp_path / "layer.zip").write_bytes(b"PK\x05\x06 and no more")
    launch = prepared(tmp_path, tmp_path / "layer.zip")
    with pytest.raises(LaunchError, match=r"layer\.zip cannot be unpacked: "):
        launch.command()


def test_wrappers_that_run_before_the_runtime_are_found_where_the_layers_lie(tmp_path):
    wrappers = "/opt/otel-instrument:/var/task/own:/usr/bin/env"
    launch = prepared(tmp_path, STREAMING_RUNTIME_EXEC_WRAPPER=wrappers)

    found = launch.environment("127.0.0.1:1")["STREAMING_RUNTIME_EXEC_WRAPPER"]
    assert found == f"{launch.opt}/otel-instrument:{tmp_path}/own:/usr/bin/env"
