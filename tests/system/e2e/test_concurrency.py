"""Tests an ordinary function on managed instances under the emulator, in all three modes."""

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from local_lambda import Emulator
from tests.support.paths import ROOT
from tests.support.processes import children_of, process_state
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.once]
AT_ONCE = 4
REQUESTS = 100
FUNCTION = """
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: code
      Handler: ordinary.handler
      Timeout: 20
      Layers: [!Ref Layer]
      FunctionUrlConfig: {{ AuthType: NONE, InvokeMode: RESPONSE_STREAM }}
      CapacityProviderConfig: {{ Arn: none, PerExecutionEnvironmentMaxConcurrency: {many} }}
      Environment:
        Variables:
          AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap
          STREAMING_RUNTIME_CONCURRENCY: "{mode}"
"""
MODES = {"Default": "", "Processes": "processes", "Shared": "shared", "Threads": "threads"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory, request):
    if request.config.getoption("--base-url"):
        pytest.skip("these functions are not part of the deployed service")
    directory = tmp_path_factory.mktemp("concurrency")
    (directory / "code").mkdir()
    shutil.copy(ROOT / "tests/streaming_runtime/ordinary.py", directory / "code")
    functions = [
        FUNCTION.format(name=f"{name}Function", mode=mode, many=AT_ONCE)
        for name, mode in MODES.items()
    ]
    (directory / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources:\n"
        "  Layer:\n"
        "    Type: AWS::Serverless::LayerVersion\n"
        f"    Properties: {{ ContentUri: {ROOT / 'layers/streaming_runtime'} }}\n"
        f"{''.join(functions)}"
    )
    with Emulator(directory / "template.yaml") as running:
        yield running


def ask(emulator, name, number):
    """Returns what the function believes of a request that says its number."""

    url = f"{emulator.url(name.lower())}mine"
    response = requests.get(url, headers={"X-Mine": str(number)}, timeout=20)
    response.raise_for_status()
    return response.json()


def processes_of(emulator, name):
    """Returns the first environment's first process, and its workers."""
    pid = emulator.environments(f"{name}Function")[0]["pid"]
    return pid, children_of(pid)


def strangers(emulator, name):
    ask(emulator, name, 0)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        numbers = range(1, REQUESTS + 1)
        seen = list(threads.map(lambda number: ask(emulator, name, number), numbers))
    return [own for number, own in zip(numbers, seen, strict=True) if own["event"] != str(number)]


@pytest.mark.parametrize("name", ["Default", "Processes", "Shared"])
def test_requests_at_once_see_nothing_of_each_other_in_processes(emulator, name):
    assert strangers(emulator, name) == []
    _, workers = processes_of(emulator, name)
    assert len(workers) == AT_ONCE


def test_requests_at_once_see_each_others_data_in_threads(emulator):
    assert len(strangers(emulator, "Threads")) > REQUESTS / 10
    _, workers = processes_of(emulator, "Threads")
    assert workers == []


@pytest.mark.parametrize("name", ["Processes", "Shared"])
def test_a_worker_that_is_killed_is_replaced(emulator, name):
    ask(emulator, name, 1)
    parent, workers = processes_of(emulator, name)
    os.kill(workers[0], signal.SIGKILL)
    eventually(lambda: len(set(children_of(parent)) - {workers[0]}) == AT_ONCE)

    assert strangers(emulator, name) == []
    assert "runtime.worker_died: signal SIGKILL" in emulator.log


def test_no_process_is_left_when_the_emulator_ends(emulator):
    for name in MODES:
        ask(emulator, name, 1)
    all_processes = [processes_of(emulator, name) for name in MODES]
    emulator.stop()

    for parent, workers in all_processes:
        for pid in (parent, *workers):
            eventually(lambda pid=pid: process_state(pid) in (None, "Z"))
