"""Tests SnapStart: the snapshot waits for an invocation, and what was open before is dead."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager

import pytest
import requests

from local_lambda import Emulator
from local_lambda.environments.snapshot import Snapshot
from local_lambda.environments.stale import StaleRelay
from tests.support.paths import ROOT
from tests.support.processes import process_state
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: { ContentUri: %(layer)s }
  StockFunction: &function
    Type: AWS::Serverless::Function
    Properties: &properties
      Runtime: python3.13
      CodeUri: code
      Handler: app.handler
      Timeout: 20
      AutoPublishAlias: live
      SnapStart: { ApplyOn: PublishedVersions }
      FunctionUrlConfig: { AuthType: NONE }
  OurFunction:
    Type: AWS::Serverless::Function
    Properties:
      <<: *properties
      Layers: [!Ref Layer]
      Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap } }
  FailingFunction:
    Type: AWS::Serverless::Function
    Properties:
      <<: *properties
      Environment: { Variables: { HOOK: fail } }
"""
CODE = """
import os
import random
import time

import boto3
from snapshot_restore_py import register_after_restore, register_before_snapshot

own = random.Random()
told = ["imported"]
drawn_before = random.random()
register_before_snapshot(told.append, "before")
register_after_restore(told.append, "after")
if os.environ.get("HOOK") == "fail":
    register_after_restore(int, "no number")


def handler(event, context):
    time.sleep(event.get("busy_s", 0))
    return {
        "told": told,
        "before": drawn_before,
        "drawn": random.random(),
        "key": os.environ.get("AWS_ACCESS_KEY_ID"),
        "sdk": boto3.Session().get_credentials().access_key,
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "stream": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
        "arn": context.invoked_function_arn,
        "version": context.function_version,
    }
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    directory = tmp_path_factory.mktemp("snapshot")
    (directory / "code").mkdir()
    (directory / "code" / "app.py").write_text(CODE)
    template = TEMPLATE % {"layer": ROOT / "layers/streaming_runtime"}
    (directory / "template.yaml").write_text(template)
    with Emulator(directory / "template.yaml") as running:
        yield running


def waiting(emulator, function):
    return [each for each in emulator.environments(function) if each["state"] == "snapshot"]


def records(emulator, pid):
    return [each for each in emulator.invocations() if each["pid"] == pid]


@pytest.mark.parametrize("function", ["StockFunction", "OurFunction"])
def test_a_snapshot_stands_still_until_an_invocation_restores_it(emulator, function):
    (before,) = eventually(lambda: waiting(emulator, function), within_s=15)
    assert before["frozen"]
    assert process_state(before["pid"]) == "T"

    result = emulator.invoke(function, {}).json()

    assert result["told"] == ["imported", "before", "after"]
    assert (result["type"], result["version"], result["stream"]) == ("snap-start", "1", None)
    assert (result["key"], result["sdk"]) == (None, "local")
    (record,) = eventually(lambda: records(emulator, before["pid"]))
    assert record["init_ms"] is None
    assert 0 < record["restore_ms"] < 5_000
    assert emulator.invoke(function, {}).json()["drawn"] != result["drawn"]
    warm, _ = eventually(lambda: len(each := records(emulator, before["pid"])) == 2 and each)
    assert warm["restore_ms"] is None
    (another,) = eventually(lambda: waiting(emulator, function), within_s=15)
    assert another["pid"] != before["pid"]


@pytest.mark.parametrize("function", ["StockFunction", "OurFunction"])
def test_two_restores_of_one_snapshot_draw_what_they_drew_before_it_and_nothing_else(
    emulator, function
):
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(emulator.invoke(function, {"busy_s": 2}).json())
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = results

    assert first["before"] == second["before"]
    if function == "OurFunction":  # the stock client reseeds nothing
        assert first["drawn"] != second["drawn"]


def test_the_log_says_how_long_init_and_restore_took(emulator):
    emulator.invoke("StockFunction", {})

    for text in (
        "INIT_REPORT Init Duration: ",
        "RESTORE_REPORT Restore Duration: ",
        "Billed Restore Duration: ",
    ):
        emulator.wait_for(lambda text=text: text in emulator.log)


def test_a_function_url_invokes_its_alias(emulator):
    body = requests.get(emulator.url("stock"), timeout=20).json()
    assert body["arn"].endswith(":function:StockFunction:live")


def test_a_hook_that_fails_after_the_restore_fails_the_invocation(emulator):
    failed = emulator.invoke("FailingFunction", {})

    assert failed.error == "Unhandled"
    assert failed.json()["errorType"] == "ValueError"  # the hook's own


@contextmanager
def relayed():
    """Yields a relay to a server that echoes, its loop, and the server's connections."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def echo(reader, writer):
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async def start():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        relay = StaleRelay.before(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await relay.start()
        return server, relay

    server, relay = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield relay, lambda call: loop.call_soon_threadsafe(call)
    asyncio.run_coroutine_threadsafe(relay.close(), loop).result(10)
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)


def connected(relay):
    host, port = relay.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=5)
    connection.sendall(b"ping")
    assert connection.recv(10) == b"ping"
    return connection


def test_a_connection_from_before_looks_open_until_something_is_sent_on_it():
    with relayed() as (relay, call):
        old = connected(relay)
        call(relay.forget)
        new = connected(relay)
        old.settimeout(0.3)
        with pytest.raises(TimeoutError):
            old.recv(10)  # neither bytes nor an end
        old.settimeout(5)
        old.sendall(b"again")
        with pytest.raises(ConnectionResetError):
            old.recv(10)
        new.sendall(b"new")
        assert new.recv(10) == b"new"


def test_credentials_are_for_those_with_the_token():
    async def applied():
        snapshot = Snapshot()
        variables = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "AWS_ACCESS_KEY_ID": "AK"}
        return snapshot, await snapshot.applied(variables)

    snapshot, variables = asyncio.run(applied())
    token = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]

    assert "AWS_ACCESS_KEY_ID" not in variables
    assert snapshot.credentials("").status == snapshot.credentials("no").status == 401
    assert json.loads(snapshot.credentials(token).body)["AccessKeyId"] == "AK"


@pytest.mark.parametrize("url", ["", "https://dynamodb.eu-west-1.amazonaws.com"])
def test_what_is_not_plain_http_is_not_relayed(url):
    assert StaleRelay.before(url) is None
