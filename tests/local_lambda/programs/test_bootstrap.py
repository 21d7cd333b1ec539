"""Tests the stand-in bootstrap."""

import subprocess
import sys

from tests.support.paths import ROOT


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
