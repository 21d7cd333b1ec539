"""Tests tokens of an OpenID issuer: keys over a real socket, a clock that jumps, attacks."""

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from dashboard_http.fetch import LARGEST_DOCUMENT_BYTES, fetch_json
from dashboard_http.openid import KeySet, checked_url

from tests.dashboard_http.issuer import CLIENT, DISCOVERY, KEYS, published, rsa_key


@pytest.mark.parametrize("key_id", ["first", "curve"])
def test_a_token_of_the_issuer_names_its_user_and_its_end(verify, sign, clock, key_id):
    principal = verify(sign(key_id))

    assert (principal.user_id, principal.expires_at_s, principal.session) == (
        "openid:user-1",
        clock() + 630,
        None,
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["another", CLIENT]},
        {"token_use": "id"},
        {"token_use": "access", "client_id": CLIENT, "aud": None},
        {"token_use": "access", "client_id": "another"},
        {"nbf": 0},
    ],
)
def test_the_audience_is_where_openid_and_cognito_say_it(verify, sign, claims):
    assert verify(sign(**claims))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1/other"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": None, "client_id": CLIENT},
        {"aud": {"client": CLIENT}},
        {"aud": f"{CLIENT} another"},
        {"token_use": "id", "aud": None, "client_id": CLIENT},
        {"token_use": "access", "aud": None, "client_id": "another"},
        {"token_use": "refresh"},
        {"token_use": ["access"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a b"},
        {"sub": "x" * 256},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"nbf": "now"},
    ],
)
def test_a_token_that_is_not_for_us_opens_nothing(verify, sign, claims):
    assert verify(sign(**claims)) is None


def test_a_token_is_good_for_its_time_and_half_a_minute_about_it(verify, sign, clock):
    token = sign(nbf=clock() + 25, exp=clock() + 60)

    assert verify(token)
    assert verify(sign(nbf=clock() + 31)) is None
    clock.advance(89)
    assert verify(token)
    clock.advance(1)
    assert verify(token) is None


def unsigned(header, claims):
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode()
        for each in (header, claims)
    ]
    return ".".join([*parts, ""])


def test_a_token_has_no_say_in_how_it_is_checked(verify, sign, pairs, issuer):
    claims = jwt.decode(sign(), options={"verify_signature": False})
    public = (
        pairs["first"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    hmac_over_public_key = jwt.PyJWS(algorithms=["HS256"])
    hmac_over_public_key.unregister_algorithm("HS256")
    hmac_over_public_key.register_algorithm("HS256", UncheckedHmac())
    head, body, signature = sign().split(".")
    attempts = [
        unsigned({"alg": "none", "kid": "first"}, claims),
        unsigned({"alg": "None", "kid": "first"}, claims),
        unsigned({"alg": "RS256", "kid": "first"}, claims),
        unsigned({"alg": "RS256"}, claims),
        unsigned({"alg": "RS256", "kid": ["first"]}, claims),
        hmac_over_public_key.encode(json.dumps(claims).encode(), public, "HS256", {"kid": "first"}),
        jwt.encode(claims, pairs["first"], "RS512", {"kid": "first"}),
        jwt.encode(claims, pairs["first"], "PS256", {"kid": "first"}),
        sign("first", pairs["second"]),
        sign("curve", pairs["first"]),
        sign("first", pairs["curve"]),
        sign("first", pairs["second"], {"jwk": published("first", pairs["second"])}),
        sign("first", pairs["second"], {"jku": issuer.origin + KEYS}),
        sign("first", headers={"crit": ["made-up"], "made-up": True}),
        f"{head}.{body[:-4]}AAAA.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{'A' * 342}",
    ]

    assert [verify(attempt) for attempt in attempts] == [None] * len(attempts)
    assert verify(sign())


class UncheckedHmac(jwt.algorithms.HMACAlgorithm):
    """Signs without PyJWT's refusal to use a public key as a secret."""

    def __init__(self):
        super().__init__(jwt.algorithms.HMACAlgorithm.SHA256)

    def prepare_key(self, key):
        return key


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "..",
        "a.b",
        "x" * 43,
        "e30.e30.e30",
        unsigned("x", "y"),
        "W10.W10.",
        "ü.ü.ü",
        "\x00.\x00.\x00",
    ],
)
def test_what_is_no_token_is_none_and_nobody_is_asked_about_it(verify, issuer, token):
    assert verify(token) is None
    assert issuer.asked == []


def test_a_token_of_nothing_but_brackets_is_none(verify, issuer):
    bottomless = base64.urlsafe_b64encode(b"[" * 2_900).rstrip(b"=").decode()

    assert verify(f"{bottomless}.e30.e30") is None
    assert verify(f"eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.{bottomless}.e30") is None
    assert issuer.asked == []


def test_nobody_is_asked_about_the_tokens_of_another_issuer(verify, sign, issuer):
    assert verify(sign("unknown-id", rsa_key(), iss="https://elsewhere.example")) is None
    assert issuer.asked == []


def test_the_keys_are_read_once_and_kept(verify, sign, issuer, clock):
    for _ in range(20):
        assert verify(sign())
        clock.advance(20)

    assert issuer.asked == [DISCOVERY, KEYS]


def test_a_rotated_key_is_found_and_a_withdrawn_one_is_good_for_an_hour_at_most(
    verify, sign, issuer, pairs, clock
):
    assert verify(sign())
    issuer.publish(published("second", pairs["second"]))
    clock.advance(31)
    assert verify(sign())
    assert verify(sign("second"))
    assert verify(sign("first")) is None


def test_a_withdrawn_key_is_forgotten_though_nobody_uses_the_new_one(
    verify, sign, issuer, pairs, clock
):
    assert verify(sign(exp=clock() + 9_000))
    token = sign(exp=clock() + 9_000)
    issuer.publish(published("second", pairs["second"]))
    clock.advance(3_600)

    assert verify(token) is None


def test_made_up_key_ids_make_us_ask_twice_a_minute_at_most(verify, sign, issuer, pairs, clock):
    for number in range(60):
        assert verify(sign(f"made-up-{number}", pairs["second"])) is None
        clock.advance(1)

    assert issuer.asked == [DISCOVERY, KEYS] * 2


def test_an_issuer_that_cannot_be_reached_opens_nothing_and_is_asked_again_later(
    verify, sign, issuer, clock, caplog
):
    responses, issuer.responses = issuer.responses, {}
    token = sign()
    assert verify(token) is None
    issuer.responses = responses
    assert verify(token) is None
    clock.advance(30)
    assert verify(token)
    assert [record.reason for record in caplog.records][:2] == ["keys-unreachable", "unknown-key"]
    assert token not in caplog.text


def test_known_keys_stand_while_the_issuer_cannot_be_reached(verify, sign, issuer, clock):
    assert verify(sign())
    issuer.responses = {}
    clock.advance(7_200)

    assert verify(sign())
    assert len(issuer.asked) == 3


class Gate:
    """A fetch that waits until it is let through."""

    def __init__(self):
        self.asked = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def __call__(self, url, timeout_s):
        self.asked.set()
        assert self.open.wait(20)
        return fetch_json(url, timeout_s)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()


def test_while_one_thread_reads_the_keys_others_go_on_with_those_they_have(
    issuer, pairs, clock, gate
):
    keys = KeySet(issuer.url, clock, gate)
    assert keys.key("first")
    issuer.publish(published("first", pairs["first"]), published("second", pairs["second"]))
    gate.open.clear()
    gate.asked.clear()
    clock.advance(31)
    with ThreadPoolExecutor(2) as threads:
        rotated = threads.submit(keys.key, "second")
        assert gate.asked.wait(10)
        assert threads.submit(keys.key, "first").result(timeout=2)
        assert not rotated.done()
        gate.open.set()
        assert rotated.result(timeout=10)


def test_a_request_waits_for_a_dripping_issuer_no_longer_than_the_limit(issuer, clock, dripping):
    keys = KeySet(issuer.url, clock, lambda url, timeout_s: fetch_json(dripping(b""), 0.5))
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(keys.key, "first") for _ in range(4)]
        failures = [each.exception(timeout=10) for each in asking]

    assert time.monotonic() - begun < 2
    assert {str(each) for each in failures} <= {"keys-unreachable", "unknown-key"}
    assert "keys-unreachable" in {str(each) for each in failures}


@pytest.mark.parametrize(
    "trouble",
    [
        "another issuer's document",
        "keys over plain http",
        "a redirect",
        "too large",
        "not json",
        "no object",
        "no keys",
        "keys that are none",
    ],
)
def test_what_is_no_key_set_is_not_trusted(verify, sign, issuer, pairs, trouble):
    good = {"issuer": issuer.url, "jwks_uri": issuer.origin + KEYS}
    if trouble == "another issuer's document":
        issuer.say(DISCOVERY, good | {"issuer": "https://elsewhere.example"})
    elif trouble == "keys over plain http":
        issuer.say(DISCOVERY, good | {"jwks_uri": "http://elsewhere.example/keys"})
    elif trouble == "a redirect":
        issuer.say("/moved", json.loads(issuer.responses[KEYS][2]))
        issuer.say(KEYS, b"", 302, Location=issuer.origin + "/moved")
    elif trouble == "too large":
        issuer.responses[KEYS] = (
            200,
            {},
            issuer.responses[KEYS][2] + b" " * LARGEST_DOCUMENT_BYTES,
        )
    else:
        kinds = {
            "not json": b"<html>",
            "no object": [],
            "no keys": {},
            "keys that are none": {"keys": [1, None, {}]},
        }
        issuer.say(KEYS, kinds[trouble])

    assert verify(sign()) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"kid": None},
        {"kty": "oct", "k": "AAAA"},
        {"n": "AQAB"},
        {"n": "!"},
    ],
)
def test_a_key_that_is_for_something_else_or_weak_is_not_used(verify, sign, issuer, pairs, changed):
    issuer.publish(
        published("first", pairs["first"], **changed), published("second", pairs["second"])
    )

    assert verify(sign()) is None
    assert verify(sign("second"))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_short_key_is_not_used(verify, sign, issuer):
    issuer.publish(published("first", short := rsa_key(1024)))

    assert verify(sign("first", short)) is None


@pytest.mark.parametrize(
    "url", ["http://issuer.example", "ftp://issuer.example", "issuer.example", "file:///etc/keys"]
)
def test_an_issuer_must_be_at_an_https_address(make_verify, url):
    with pytest.raises(ValueError, match="https"):
        make_verify(auth_issuer=url, auth_audience=CLIENT)
    assert checked_url("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x")
