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


def test_main_holds_the_stock_client_where_tools_look_for_it(tmp_path):
    code = (
        "import runpy, sys; names = runpy.run_path(sys.argv[1]);"
        "print(names['awslambdaricmain'].bootstrap.handle_event_request.__name__)"
    )
    program = str(ROOT / "local_lambda/programs/bootstrap.py")
    ended = subprocess.run(
        [sys.executable, "-c", code, program], capture_output=True, text=True, check=False
    )

    assert ended.stdout == "handle_event_request\n", ended.stderr
