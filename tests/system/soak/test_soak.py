"""The soak for as long as CI has time: two minutes there, less than one elsewhere."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from tests.support.processes import children_of, process_state
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timed]
MINUTES = 2 if os.environ.get("CI") else 0.7
COMMAND = [sys.executable, "-m", "tests.system.soak", "--json"]


def test_nothing_is_lost_or_doubled_while_everything_is_killed_in_turn():
    done = subprocess.run(
        [*COMMAND, "--minutes", str(MINUTES)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    print(done.stdout)

    assert (done.returncode, told["failures"]) == (0, [])
    assert told["passed"] is True
    assert told["lost"] == told["doubled"] == told["disordered"] == 0
    assert told["deliveries"] > told["items"] > 20 * MINUTES
    assert sum(told["kills"].values()) >= 4 * MINUTES
    assert sum(told["outages"].values()) >= 1
    assert told["connections"] > told["streams"]


def test_it_ends_at_once_when_the_user_wants_it_to_and_leaves_nothing_behind():
    process = subprocess.Popen(
        [*COMMAND, "--minutes", "5", "--streams", "5"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: len(children_of(process.pid)) >= 2, within_s=30)  # table and emulator
    children = children_of(process.pid)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode in (1, 130)
    assert not out or json.loads(out)["failures"] == ["ended by the user"]
    eventually(lambda: not any(map(process_state, children)), within_s=10)
