"""Who is the holder of this JWT? Tokens of one OpenID issuer, checked with the keys that it publishes.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation and, for Cognito's access tokens,
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
PyJWT checks the signature; it needs `cryptography`, so this module is imported only where an issuer is set.
"""

import json
import re
from collections.abc import Callable
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import jwt
from aws_lambda_powertools import Logger
from dashboard_data import Clock

from dashboard_http.identity import Principal, Verifier

ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}  # by the key's type, so that a token has no say in it
LEEWAY_S = 30
KEYS_AGE_S = 3600
SOONEST_REFRESH_S = 30
FETCH_TIMEOUT_S = 2
LARGEST_DOCUMENT = 256 * 1024
MOST_KEYS = 100
SMALLEST_RSA_BITS = 2048

_SUBJECT = re.compile(r"[!-~]{1,255}")  # https://openid.net/specs/openid-connect-core-1_0.html#IDToken
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Fetch = Callable[[str], dict[str, Any]]


class Refused(Exception):
    """This token opens nothing. The message is for the log and quotes nothing of the token."""


class KeySet:
    """The issuer's signing keys, by id. Threads may share one.

    Read when first needed, again after an hour, and when a key is asked for that is not known, which is how keys are
    rotated; but never twice within half a minute, so that made-up key ids cannot make us ask. Known keys stand while
    the issuer cannot be reached.
    """

    def __init__(self, issuer: str, clock: Clock, fetch: Fetch) -> None:
        self._issuer, self._clock, self._fetch = issuer, clock, fetch
        self._lock = Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at = self._read_at = float("-inf")

    def key(self, key_id: str) -> jwt.PyJWK:
        """Raises Refused; from what went wrong, if the keys cannot be had."""
        with self._lock:
            now = self._clock()
            wanted = key_id not in self._keys or abs(now - self._read_at) >= KEYS_AGE_S
            if wanted and abs(now - self._asked_at) >= SOONEST_REFRESH_S:
                self._refresh(now, key_id)
            if key_id not in self._keys:
                raise Refused("unknown-key")
            return self._keys[key_id]

    def _refresh(self, now: float, key_id: str) -> None:
        self._asked_at = now
        try:
            self._keys = self._published()
            self._read_at = now
        except Exception as error:
            if key_id not in self._keys:
                raise Refused("keys-unreachable") from error

    def _published(self) -> dict[str, jwt.PyJWK]:
        """https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig"""
        about = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != self._issuer:
            raise ValueError("the discovery document is another issuer's")
        published = self._fetch(checked_url(about["jwks_uri"]))["keys"][:MOST_KEYS]
        return {each["kid"]: key for each in published if (key := _signing_key(each)) is not None}


def openid_verifier(keys: KeySet, issuer: str, audience: str, clock: Clock, logger: Logger) -> Verifier:
    """Accepts JWTs of this issuer for this audience (a client id). It raises for none, whatever is wrong with it."""

    def verify(token: str) -> Principal | None:
        if token.count(".") != 2:
            return None
        try:
            return _principal(_signed_claims(token, keys, issuer), issuer, audience, clock())
        except Refused as refusal:
            cause = refusal.__cause__ and type(refusal.__cause__).__name__
            logger.info("token.refused", reason=str(refusal), error=cause)
            return None

    return verify


def checked_url(url: str) -> str:
    """Raises ValueError for an address from which keys must not be read: whoever can change them can sign."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise ValueError("an issuer and its keys are at an https address")


def fetch_json(url: str, timeout_s: float = FETCH_TIMEOUT_S) -> dict[str, Any]:
    """The JSON object at this address: soon, of sane size, and from nowhere else. Raises OSError or ValueError."""
    with _opener.open(url, timeout=timeout_s) as response:
        body = response.read(LARGEST_DOCUMENT + 1)
    if len(body) > LARGEST_DOCUMENT:
        raise ValueError("the document is too large")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the document is no object")
    return document


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None  # the redirect itself is then the answer, and an HTTPError


_opener = build_opener(_NoRedirects)


def _signing_key(published: Any) -> jwt.PyJWK | None:
    """None for a key that is for something else, weak, or of a kind that is not accepted."""
    if not isinstance(published, dict) or published.get("use", "sig") != "sig":
        return None
    algorithm = ALGORITHMS.get(str(published.get("kty")))
    if algorithm is None or published.get("alg", algorithm) != algorithm:
        return None
    if not isinstance(published.get("kid"), str) or (algorithm == "ES256" and published.get("crv") != "P-256"):
        return None
    try:
        key = jwt.PyJWK(published, algorithm)
    except jwt.PyJWTError:
        return None
    return None if algorithm == "RS256" and key.key.key_size < SMALLEST_RSA_BITS else key


def _signed_claims(token: str, keys: KeySet, issuer: str) -> dict[str, Any]:
    """What the token says, if one of the issuer's keys has signed it. Nobody is asked about anybody else's tokens."""
    try:
        said = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Refused("malformed") from error
    key_id = said["header"].get("kid")
    if not isinstance(key_id, str) or said["header"].get("alg") not in ALGORITHMS.values():
        raise Refused("algorithm")
    if said["payload"].get("iss") != issuer:
        raise Refused("issuer")
    key = keys.key(key_id)
    unchecked = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_sub"), False)
    try:
        return jwt.decode(token, key, algorithms=[key.algorithm_name], options=unchecked)
    except jwt.PyJWTError as error:
        raise Refused("signature") from error


def _principal(claims: dict[str, Any], issuer: str, audience: str, now: float) -> Principal:
    subject, expires_at, valid_from = claims.get("sub"), claims.get("exp"), claims.get("nbf", 0)
    reasons = [
        ("issuer", claims.get("iss") != issuer),
        ("subject", not isinstance(subject, str) or not _SUBJECT.fullmatch(subject)),
        ("expired", not _is_number(expires_at) or expires_at + LEEWAY_S <= now),
        ("not-yet-valid", not _is_number(valid_from) or valid_from - LEEWAY_S > now),
        ("audience", not _is_for(audience, claims)),
    ]
    if reason := next((reason for reason, holds in reasons if holds), None):
        raise Refused(reason)
    return Principal(f"openid:{subject}", float(expires_at) + LEEWAY_S)


def _is_for(audience: str, claims: dict[str, Any]) -> bool:
    """Cognito's access tokens say `client_id` where everybody else's, and its ID tokens, say `aud`."""
    named = claims.get("aud", [])
    named = named if isinstance(named, list) else [named]
    use = claims.get("token_use")
    if use == "access":
        return claims.get("client_id") == audience or audience in named
    return use in (None, "id") and audience in named


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
