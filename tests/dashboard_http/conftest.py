"""These fixtures run the HTTP functions in this process."""

import logging

import jwt
import pytest
from aws_lambda_powertools import Logger
from cryptography.hazmat.primitives.asymmetric import ec
from dashboard_data import DynamoDbSessions, Table
from dashboard_setup.settings import Settings
from dashboard_setup.verifier import verifier_of

from tests.dashboard_http.issuer import CLIENT, Dripping, Issuer, published, rsa_key
from tests.support.functions import api, emitted, make_service, metrics_namespace, service

__all__ = ["api", "emitted", "make_service", "metrics_namespace", "service"]


@pytest.fixture(scope="module")
def pairs():
    """Returns key pairs by key id."""
    return {
        "first": rsa_key(),
        "second": rsa_key(),
        "curve": ec.generate_private_key(ec.SECP256R1()),
    }


@pytest.fixture
def issuer(pairs):
    running = Issuer()
    running.publish(published("first", pairs["first"]), published("curve", pairs["curve"]))
    yield running
    running.stop()


@pytest.fixture
def dripping():
    """Returns a function that starts a server which drips after these bytes; returns its URL."""
    running = []

    def start(first_bytes):
        running.append(Dripping(first_bytes))
        return running[-1].url

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def make_verify(client, table, clock, caplog):
    caplog.set_level(logging.INFO)

    def make(**settings):
        logger = Logger(service="test-openid", stream=None, log_uncaught_exceptions=False)
        logger.propagate = True
        sessions = DynamoDbSessions(Table(client, table), clock)
        return verifier_of(Settings(table, **settings), sessions, clock, logger)

    return make


@pytest.fixture
def verify(make_verify, issuer):
    return make_verify(auth_issuer=issuer.url, auth_audience=CLIENT)


@pytest.fixture
def sign(issuer, pairs, clock):
    """Returns a function that signs a token as the issuer does.

    Its arguments change claims; None removes a claim.
    """

    def make(key_id="first", private=None, headers=None, **changed):
        private = private or pairs[key_id]
        claims = {
            "iss": issuer.url,
            "aud": CLIENT,
            "sub": "user-1",
            "exp": clock() + 600,
            "iat": clock(),
        } | changed
        claims = {name: value for name, value in claims.items() if value is not None}
        algorithm = "ES256" if isinstance(private, ec.EllipticCurvePrivateKey) else "RS256"
        return jwt.encode(claims, private, algorithm, {"kid": key_id, **(headers or {})})

    return make
