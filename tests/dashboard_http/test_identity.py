"""Tests who sends a request: by session, by an issuer's token, by a gateway's header."""

import logging
import subprocess
import sys

import pytest
from dashboard_data import DynamoDbSessions, Table

from tests.dashboard_http.issuer import CLIENT


def test_the_header_of_a_trusted_gateway_counts_only_when_a_setting_says_so(make_service):
    service = make_service(trust_user_id=True)
    created = service.configurations.create("user-7", "mine", ["AAPL"])
    path = f"/api/v2/configurations/{created.config_id}/stream"

    assert service.stream(path, x_user_id="user-7").status == 200
    assert service.stream(path, x_user_id="user-8").status == 404
    assert service.stream(path, x_user_id="not a\nuser").status == 401


def test_anonymous_sessions_still_count_beside_it(verify, client, table, clock, issuer):
    session = DynamoDbSessions(Table(client, table), clock).create_anonymous()

    assert verify(session.token).user_id == session.user_id
    assert issuer.asked == []


def test_the_library_is_loaded_only_with_an_issuer():
    code = """
import sys, os
os.environ |= {"DASHBOARD_TABLE": "t", "AWS_DEFAULT_REGION": "us-east-1"}
import stream_function.handler, api_function.handler
assert not {"jwt", "cryptography"} & set(sys.modules), "loaded"
"""
    path = ":".join(each for each in sys.path if each)
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, check=True, timeout=60)


@pytest.fixture
def signed_in(make_service, issuer, caplog):
    caplog.set_level(logging.INFO)
    return make_service(auth_issuer=issuer.url, auth_audience=CLIENT)


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def test_a_user_of_the_issuer_has_configurations_and_their_streams_to_the_tokens_end(
    signed_in, sign, clock, caplog
):
    token = sign(exp=clock() + 60)
    sent = {"name": "mine", "tickers": ["AAPL"]}
    created = signed_in.api("POST", "/api/v2/configurations", sent, **bearer(token))
    path = f"/api/v2/configurations/{created.json()['config_id']}/stream"
    opened_at = clock()
    stream = signed_in.stream(path, **bearer(token)).drain()

    assert created.status == 201
    assert (
        90 <= clock() - opened_at <= 91
    )  # clocks may differ by half a minute, as for the token itself
    assert stream.status == 200
    assert signed_in.stream(path, **bearer(sign(sub="user-2"))).status == 404
    assert signed_in.stream(path, **bearer(token)).status == 401
    assert signed_in.stream(path, **bearer(sign())).status == 200
    assert token not in caplog.text


def test_a_refused_token_is_a_401_in_the_contracts_words(signed_in, sign, pairs):
    refused = signed_in.api(
        "GET", "/api/v2/configurations", **bearer(sign("first", pairs["second"]))
    )

    assert (refused.status, refused.json()) == (401, {"detail": "Missing user identification"})
    assert refused.headers["www-authenticate"] == "Bearer"
