"""Calls of the API while the table fails, in DynamoDB's own words and over real sockets."""

import pytest

from local_lambda import Emulator
from tests.support.dynamodb_proxy import (
    expired_credentials,
    failing,
    hanging,
    moto_behind_proxy,
    refusing,
    throttling,
)
from tests.support.paths import ROOT
from tests.support.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.once]
UNREADABLE = {"detail": "The table cannot be read at the moment"}


@pytest.fixture(scope="module")
def fragile():
    with moto_behind_proxy() as proxy:
        options = ("--dynamodb-endpoint", proxy.url)
        with Emulator(ROOT / "template.yaml", *options) as emulator:
            urls = (emulator.dashboard_url, emulator.url("stream"))
            yield Service(*urls, emulator.table, emulator.dynamodb_url, emulator), proxy


@pytest.mark.parametrize("fault", [refusing, hanging, failing, throttling, expired_credentials])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/metrics"),
        ("GET", "/api/v2/stream/status"),
        ("GET", "/api/v2/configurations"),
        ("POST", "/api/v2/auth/anonymous"),
    ],
)
def test_a_call_is_503_for_a_while_and_works_again_afterwards(fragile, fault, method, path):
    service, proxy = fragile
    token = service.sign_in()
    with proxy.fault(fault):
        refused = service.call(method, path, token=token)
        health = service.call("GET", "/health")
        page = service.call("GET", "/")
    again = service.call(method, path, token=token)

    assert (refused.status_code, refused.json()) == (503, UNREADABLE)
    assert int(refused.headers["Retry-After"]) > 0
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert page.status_code == 200
    assert again.status_code in (200, 201)
