"""Tests that each API and listener of a template is an origin of its own, with real processes."""

from pathlib import Path

import pytest
import requests

from local_lambda import Emulator

pytestmark = [pytest.mark.e2e, pytest.mark.once]
TEMPLATE = Path(__file__).parent / "apis" / "template.yaml"


@pytest.fixture(scope="module")
def several():
    with Emulator(TEMPLATE, "--claims", '{"sub": "me"}') as running:
        yield running


def get(url, **headers):
    return requests.get(url, headers=headers, timeout=20)


def test_the_first_rest_api_is_the_dashboard_and_has_its_name_too(several):
    assert several.dashboard_url == several.url("first_api")
    payload = get(several.dashboard_url + "live/a").json()
    assert payload["requestContext"]["stage"] == "live"
    assert payload["stageVariables"] == {"Colour": "red"}


def test_every_other_api_is_an_origin_of_its_own(several):
    payload = get(several.url("second_api") + "a").json()
    assert payload["requestContext"]["stage"] == "test"
    assert payload["stageVariables"] is None
    assert len({several.url(name) for name in ("first_api", "second_api", "web_api")}) == 3


def test_an_http_api_has_routes_and_cors(several):
    response = get(several.url("web_api") + "web/a%20b", Origin="https://page.example")
    assert response.json()["pathParameters"] == {"proxy": "a b"}
    assert response.headers["access-control-allow-origin"] == "https://page.example"
    assert get(several.url("web_api") + "none").status_code == 404


def test_a_lambda_authorizer_of_the_template_runs(several):
    url = several.url("web_api") + "guarded"
    assert get(url).status_code == 401
    assert get(url, Authorization="nobody").status_code == 403
    payload = get(url, Authorization="me").json()
    assert payload["requestContext"]["authorizer"] == {"lambda": {"user": "me"}}


def test_a_listener_forwards_by_its_rules(several):
    payload = get(several.url("web_listener") + "echo/x?a=%20").json()
    assert payload["queryStringParameters"] == {"a": "%20"}
    assert get(several.url("web_listener") + "other").status_code == 404


def test_the_id_of_a_request_to_a_function_url_is_that_of_its_invocation(several):
    response = get(several.url("echo"))
    request_id = response.headers["x-amzn-requestid"]
    several.wait_for(lambda: f"REPORT RequestId: {request_id}" in several.log)


def test_claims_are_the_caller_of_a_function_url_with_iam(several):
    payload = get(several.url("echo")).json()
    assert payload["requestContext"]["authorizer"]["iam"]["userId"] == "me"
