"""Tests the command line."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from streaming_runtime import __version__

from local_lambda.command import cancel_at_signal
from tests.support.paths import ROOT


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--version"], 0, f"lambda-streaming {__version__}\n"),
        (["--port", "70000"], 2, "argument --port: '70000' is not a port (0 to 65535)"),
        (["--port", "-1"], 2, "'-1' is not a port"),
        (["--admin-port", "x"], 2, "argument --admin-port: 'x' is not a port"),
        (["app.yaml"], 2, "unrecognized arguments: app.yaml; write --template app.yaml"),
        (["--strict"], 1, "and --strict makes each an error:\n  line "),
        (["--config-file", "nowhere.toml"], 1, "nowhere.toml: there is no such file"),
        (["check"], 0, "template.yaml serves\n  StreamFunction: python3.13"),
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
def test_the_command_line_prints_a_sentence(arguments, status, says):
    command = [sys.executable, "-m", "local_lambda", *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == status
    assert says in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


OTHER_PYTHON = """
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python{}
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/r
      Code: {{ZipFile: "def handler(event, context): pass"}}
"""


def test_strict_makes_an_error_of_what_only_the_start_finds(tmp_path):
    other = "3.13" if sys.version_info[:2] == (3, 12) else "3.12"
    (tmp_path / "template.yaml").write_text(OTHER_PYTHON.format(other))
    # No PATH and no home: that other Python is not found.
    ended = subprocess.run(
        [sys.executable, "-m", "local_lambda", "--port", "0", "--strict"],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "--strict makes an error of what differs on this machine:\n  " in ended.stderr
    assert f"the Runtime is python{other}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_interrupt_the_ending(second):
    ended = []

    async def run():
        cancel_at_signal()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            later = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, later.set)
            os.kill(os.getpid(), second)
            os.kill(os.getpid(), signal.SIGUSR1)  # handled after the second one
            await later.wait()
            ended.append("all")

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert ended == ["all"]
