"""The emulator as a package among others: releases of moto to come, layers as zip files, the command line."""

import os
import socket
import stat
import subprocess
import sys
from zipfile import ZipFile, ZipInfo

import boto3
import pytest
from botocore.config import Config
from streaming_runtime import __version__

from local_lambda.application import Function
from local_lambda.environments.launch import LaunchError, LaunchSettings, prepare
from tests.support.paths import ROOT

MOTO = ROOT / "local_lambda/programs/moto_process.py"
# Takes one thing away that the corrections need, as a release of moto might, and starts the process.
ANOTHER_MOTO = """
import runpy, sys
{change}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
CHANGES = {
    "a class is gone": "import moto.core.serialize as m; del m.ResponseSerializer",
    "a method is gone": "from moto.dynamodb.models.table import Table; del Table.all_items",
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_moto_is_served_as_it_is_with_a_warning(change):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        code = ANOTHER_MOTO.format(change=CHANGES[change])
        command = [sys.executable, "-c", code, str(MOTO), str(number)]
        process = subprocess.Popen(command, pass_fds=[number], stderr=subprocess.PIPE, text=True)
        port = listener.getsockname()[1]
    try:
        client = boto3.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(read_timeout=30, retries={"max_attempts": 0}),
        )
        assert client.list_tables()["TableNames"] == []
        assert "WARNING moto is not laid out as in " in process.stderr.readline()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def zipped(path, **files):
    """A zip file whose entries carry permissions, as `zip` and `make release` write them."""
    with ZipFile(path, "w") as archive:
        for name, (content, permissions) in files.items():
            entry = ZipInfo(name.replace("__", "/"))
            entry.external_attr = (stat.S_IFREG | permissions) << 16
            archive.writestr(entry, content)
    return path


def prepared(tmp_path, *layers):
    function = Function("F", "f", "app.handler", "python3.13", tmp_path, layers=layers)
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
    with pytest.raises(LaunchError, match=r"layer\.zip cannot be unpacked: "):
        prepared(tmp_path, tmp_path / "layer.zip")


def test_a_machine_without_the_stock_client_is_told_so(tmp_path):
    environ = {
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "LAMBDA_RUNTIME_DIR": str(tmp_path),
        "_HANDLER": "app.handler",
    }
    command = [sys.executable, "-S", str(ROOT / "local_lambda/programs/bootstrap.py")]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "awslambdaric, the stock runtime of Python functions, is not installed."
    )


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--version"], 0, f"lambda-streaming {__version__}\n"),
        (["--port", "70000"], 2, "argument --port: '70000' is not a port (0 to 65535)"),
        (["--port", "-1"], 2, "'-1' is not a port"),
        (["--admin-port", "x"], 2, "argument --admin-port: 'x' is not a port"),
        (
            ["--port", "65535"],
            1,
            "the Function URL of StreamFunction: there is no port 65536; choose another with",
        ),
        (
            ["--port", "0", "--dynamodb-host", "192.0.2.1"],
            1,
            "192.0.2.1 is not an address of this machine",
        ),
    ],
)
def test_the_command_line_answers_in_a_sentence(arguments, status, says):
    command = [sys.executable, "-m", "local_lambda", *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == status
    assert says in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
