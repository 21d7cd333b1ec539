"""Tests the moto process with future releases of moto."""

import socket
import subprocess
import sys

import boto3
import pytest
from botocore.config import Config

from tests.support.paths import ROOT

MOTO = ROOT / "local_lambda/programs/moto_process.py"


# Removes something that the corrections need, as a release of moto might, and starts the process.
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
