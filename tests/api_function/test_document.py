"""The OpenAPI document describes the code: its routes, its models, its responses."""

import json
import re
import subprocess
import sys

import pytest
from dashboard_http.events import EVENT_TYPES
from openapi_spec_validator import validate
from stream_function import life

PATH = "/api/v2/openapi.json"


@pytest.fixture
def document(service):
    return service.api("GET", PATH).json()


@pytest.fixture
def operations(document):
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.mark.parametrize("front", ["1.0", "2.0"])
def test_the_document_is_openapi_3_1(service, front):
    service.front = front
    response = service.api("GET", PATH)

    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    assert response.json()["openapi"].startswith("3.1.")
    validate(response.json())


def test_every_route_of_both_functions_is_in_it_and_nothing_else(service, operations):
    known = service.api_routes().known + service.stream_routes().known

    assert set(operations) == {(method, re.sub("<(.+?)>", r"{\1}", rule)) for method, rule in known}


def test_every_operation_has_a_name_of_its_own_and_every_path_parameter_is_described(operations):
    names = [operation["operationId"] for operation in operations.values()]

    assert len(set(names)) == len(names)
    for (_, path), operation in operations.items():
        described = {
            each["name"] for each in operation.get("parameters", []) if each["in"] == "path"
        }
        assert described == set(re.findall("{(.+?)}", path))


def test_what_is_protected_says_so_and_nothing_else_does(service, operations):
    for (method, path), operation in operations.items():
        call = service.stream if path.endswith("stream") else service.api
        status = call(method=method, path=re.sub("{.+?}", "x", path)).status
        assert (
            (status == 401) == bool(operation["security"]) == ("401" in operation["responses"])
        ), path


def test_streams_name_their_events_and_how_they_refuse(operations):
    for path in ("/api/v2/stream", "/api/v2/configurations/{config_id}/stream"):
        responses = operations["GET", path]["responses"]
        assert set(responses["200"]["content"]["text/event-stream"]["x-events"]) == set(
            EVENT_TYPES.values()
        )
        assert "Retry-After" in responses["503"]["headers"]
        assert "Retry-After" in responses["429"]["headers"]


def test_behind_a_stage_the_document_says_where_the_service_is(service):
    service.front = "1.0"
    payload = service.payload("GET", PATH, {})
    payload["requestContext"]["path"] = f"/live{PATH}"
    servers = json.loads(service._api(payload, service._context(10))["body"])["servers"]

    assert servers == [{"url": "/live"}]
    assert service.api("GET", PATH).json()["servers"] == [{"url": "/"}]


def test_nothing_of_it_is_loaded_before_somebody_asks():
    code = """
import sys, os
os.environ |= {"DASHBOARD_TABLE": "t", "AWS_DEFAULT_REGION": "us-east-1"}
import api_function.handler
heavy = {"api_function.document", "api_function.operations", "api_function.responses"}
assert not heavy & set(sys.modules), "loaded"
"""
    path = ":".join(each for each in sys.path if each)
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, check=True, timeout=60)


def test_the_document_says_which_reconnection_times_the_service_draws(operations):
    text = operations["GET", "/api/v2/stream"]["responses"]["200"]["description"]
    for low_ms, high_ms in (life.OPENING_RETRY_MS, life.CLOSING_RETRY_MS, life.OUTAGE_RETRY_MS):
        assert f"{low_ms / 1000:g} to {high_ms / 1000:g} s" in text


def test_a_stream_is_never_said_to_be_a_500(operations):
    assert "500" in operations["GET", "/api/v2/metrics"]["responses"]
    for path in ("/api/v2/stream", "/api/v2/configurations/{config_id}/stream"):
        assert "500" not in operations["GET", path]["responses"]
