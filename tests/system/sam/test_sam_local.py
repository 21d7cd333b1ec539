"""Tests the real `sam local start-api` on the output of `sam build`.

It cannot stream, so an EventSource polls there.
"""

import json
import subprocess
import uuid
from datetime import UTC, datetime

import pytest
import requests
from event_stream import Decoder

from tests.support.tools import ARCHITECTURE, runtime_interface_emulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


def events_of(text):
    decoder = Decoder()
    return decoder.feed(text.encode()), decoder.retry_ms


def now():
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def items_of(events):
    return [json.loads(event.data)["item_id"] for event in events if event.type == "new_item"]


def stream(sam_local, path="/api/v2/stream", **headers):
    response = sam_local.call("GET", path, **headers)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream")
    return events_of(response.text)


def test_health_page_and_metrics_are_served(sam_local):
    page, metrics = sam_local.call("GET", "/"), sam_local.call("GET", "/api/v2/metrics").json()

    assert sam_local.call("GET", "/health").json()["status"] == "healthy"
    assert page.headers["Content-Type"].startswith("text/html")
    assert {"total", "by_tag", "recent_items"} <= metrics.keys()
    assert sam_local.call("GET", "/nothing").status_code == 404


def test_a_stream_is_finite_there_and_the_next_request_goes_on_where_it_ended(sam_local):
    first, retry_ms = stream(sam_local)
    item_id = f"sam-{uuid.uuid4()}"
    sam_local.put(item_id, "AAPL", now())
    eventually(lambda: item_id in sam_local.call("GET", "/api/v2/metrics").text, 30)
    second, _ = stream(sam_local, Last_Event_ID=first[-1].id)
    third, _ = stream(sam_local, Last_Event_ID=second[-1].id)

    assert [event.type for event in first[:2]] == ["metrics", "heartbeat"]
    assert retry_ms > 0
    assert all(event.id for event in first)
    assert items_of(second) == [item_id]
    assert items_of(third) == []
    assert "reset" not in [event.type for event in (*second, *third)]


def test_a_user_keeps_configurations_and_follows_one(sam_local):
    token = sam_local.call("POST", "/api/v2/auth/anonymous").json()["token"]
    body = {"name": "mine", "tickers": ["MSFT"]}
    created = sam_local.call("POST", "/api/v2/configurations", body, token)
    path = f"/api/v2/configurations/{created.json()['config_id']}"
    changed = sam_local.call("PUT", path, {"name": "mine", "tickers": ["TSLA"]}, token)
    first, _ = stream(sam_local, f"{path}/stream", token=token)
    wanted, other = f"sam-{uuid.uuid4()}", f"sam-{uuid.uuid4()}"
    sam_local.put(other, "AAPL", now())
    sam_local.put(wanted, "TSLA", now())
    eventually(lambda: wanted in sam_local.call("GET", "/api/v2/metrics").text, 30)
    second, _ = stream(sam_local, f"{path}/stream", token=token, Last_Event_ID=first[-1].id)

    assert (created.status_code, changed.status_code) == (201, 200)
    assert sam_local.call("GET", path, token=token).json()["tickers"] == changed.json()["tickers"]
    assert (
        len(sam_local.call("GET", "/api/v2/configurations", token=token).json()["configurations"])
        == 1
    )
    assert items_of(second) == [wanted]
    unknown = sam_local.call("GET", f"{path}/stream")
    assert (unknown.status_code, unknown.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (
        sam_local.call("GET", "/api/v2/configurations/made-up/stream", token=token).status_code
        == 404
    )
    assert sam_local.call("DELETE", path, token=token).status_code == 204
    assert sam_local.call("GET", f"{path}/stream", token=token).status_code == 404


@pytest.fixture
def wrapped(engine, sam_local, built, tmp_path):
    """Runs the stream function as Lambda does: AWS's bootstrap starts the wrapper.

    Its file system is read-only, as on Lambda.
    """
    opt = tmp_path / "opt"
    for layer in ("StreamingRuntime", "Dashboard", "Dependencies"):
        subprocess.run(["cp", "-r", "-T", built / f"{layer}Layer", opt], check=True)
    settings = {
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
        "AWS_ENDPOINT_URL_DYNAMODB": sam_local.facts["dynamodb"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "DASHBOARD_TABLE": sam_local.facts["table"],
        "DASHBOARD_STREAM_LIFE_S": "3",
    }
    mounts = {opt: "/opt", built / "StreamFunction": "/var/task"}
    mounts[runtime_interface_emulator()] = "/usr/local/bin/aws-lambda-rie"
    options = [f"--env={name}={value}" for name, value in settings.items()]
    options += [f"--volume={here}:{there}:ro" for here, there in mounts.items()]
    image = f"public.ecr.aws/lambda/python:3.13-{ARCHITECTURE}"
    handler = "stream_function.handler.handler"
    container = engine.output(
        "docker",
        "run",
        "--detach",
        "--read-only",
        "--publish=127.0.0.1::8080",
        *options,
        image,
        handler,
    )
    url = engine.reach(
        *engine.output("docker", "port", container, "8080").splitlines()[0].split(":")
    )
    yield f"{url}/2015-03-31/functions/function/invocations"
    engine.output("docker", "rm", "--force", container)


def test_the_wrapper_that_lambda_starts_streams_where_nothing_can_be_written(wrapped):
    context = {
        "http": {"method": "GET", "path": "/api/v2/stream", "sourceIp": "192.0.2.1"},
        "stage": "$default",
    }
    context["domainName"] = "abc.lambda-url.us-east-1.on.aws"
    request = {
        "version": "2.0",
        "rawPath": "/api/v2/stream",
        "headers": {},
        "requestContext": context,
    }
    response = eventually(
        lambda: requests.post(wrapped, json=request, timeout=60), 30, requests.ConnectionError
    )
    prelude, _, body = response.content.partition(bytes(8))
    events, retry_ms = events_of(body.decode())

    assert json.loads(prelude).get("statusCode") == 200, response.text
    assert [event.type for event in events[:2]] == ["metrics", "heartbeat"]
    assert retry_ms > 0
