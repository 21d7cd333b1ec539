"""Who holds this JWT? Tokens of one OpenID issuer, checked with the keys that it publishes.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation; docs/api.md says what
Cognito's access tokens have instead. PyJWT checks the signature. It needs `cryptography`, so this
module is imported only where an issuer is set.
"""

import re
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

import jwt
from aws_lambda_powertools import Logger
from dashboard_data import Clock

from dashboard_http.identity import Principal, Verifier

ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}  # by the key's type, so that a token has no say in it
LEEWAY_S = 30
KEYS_AGE_S = 3600
SOONEST_REFRESH_S = 30
FETCH_TIMEOUT_S = 3  # for both documents together, from the connection to the last byte
MOST_KEYS = 100
SMALLEST_RSA_BITS = 2048

_SUBJECT = re.compile(
    r"[!-~]{1,255}"
)  # https://openid.net/specs/openid-connect-core-1_0.html#IDToken
# PyJWT checks the signature; the claims are checked here, each with a reason of its own.
_UNCHECKED: Any = dict.fromkeys(
    ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_sub"), False
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Fetch = Callable[[str, float], dict[str, Any]]  # address, seconds that it may take


class Refused(Exception):
    """This token is not accepted. The message is for the log and quotes nothing of the token."""


class KeySet:
    """The issuer's signing keys, by id. Threads may share one.

    They are read when first needed, again after an hour, and when an unknown key is asked for,
    which is how keys are rotated; but never twice within half a minute, so that made-up key ids
    cause no requests. Known keys are kept while the issuer cannot be reached.

    A thread of its own reads them. The request that caused it waits for it, FETCH_TIMEOUT_S at
    most, and so do others that need a key which is not known. All others go on with known keys.
    """

    def __init__(self, issuer: str, clock: Clock, fetch: Fetch) -> None:
        self._issuer = issuer
        self._clock = clock
        self._fetch = fetch
        self._lock = Lock()  # for these fields; nothing is fetched while it is held
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at_s = float("-inf")
        self._read_at_s = float("-inf")
        self._reading: _Reading | None = None

    def key(self, key_id: str) -> jwt.PyJWK:
        """Returns a key. Raises Refused; its cause is the error, if the keys cannot be read."""
        with self._lock:
            known = self._keys.get(key_id)
            begun = self._begin_if_due(key_id)
            reading = begun or self._reading
        if begun:
            Thread(target=self._read, args=(begun,), daemon=True).start()
        elif known:
            return known
        if reading and not reading.ended.wait(FETCH_TIMEOUT_S):
            reading.error = TimeoutError("the keys did not come in time")
        with self._lock:
            if found := self._keys.get(key_id):
                return found
        if reading and reading.error:
            raise Refused("keys-unreachable") from reading.error
        raise Refused("unknown-key")

    def _begin_if_due(self, key_id: str) -> "_Reading | None":
        """Returns the reading that has to begin now; None if there is none."""
        now_s = self._clock()
        wanted = key_id not in self._keys or abs(now_s - self._read_at_s) >= KEYS_AGE_S
        too_soon = abs(now_s - self._asked_at_s) < SOONEST_REFRESH_S
        if not wanted or too_soon or self._reading:
            return None
        self._asked_at_s = now_s
        self._reading = _Reading(now_s)
        return self._reading

    def _read(self, reading: "_Reading") -> None:
        try:
            keys = self._published()
            with self._lock:
                self._keys = keys
                self._read_at_s = reading.begun_at_s
        except Exception as error:
            reading.error = error
        finally:
            with self._lock:
                self._reading = None
            reading.ended.set()

    def _published(self) -> dict[str, jwt.PyJWK]:
        """https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig"""
        until_s = self._clock() + FETCH_TIMEOUT_S
        about = self._fetch(
            f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", FETCH_TIMEOUT_S
        )
        if about.get("issuer") != self._issuer:
            raise ValueError("the discovery document is another issuer's")
        left_s = min(FETCH_TIMEOUT_S, until_s - self._clock())
        # An issuer elsewhere must not send the function to addresses inside, such as Lambda's own.
        address = checked_url(about["jwks_uri"])
        if urlsplit(self._issuer).scheme != urlsplit(address).scheme:
            raise ValueError("the keys are at an address of another scheme than their issuer's")
        published = self._fetch(address, left_s)["keys"][:MOST_KEYS]
        return {each["kid"]: key for each in published if (key := _signing_key(each)) is not None}


class _Reading:
    """One reading of the keys. `error` is why it failed, once it has `ended`."""

    def __init__(self, begun_at_s: float) -> None:
        self.begun_at_s = begun_at_s
        self.ended = Event()
        self.error: Exception | None = None


def openid_verifier(
    keys: KeySet, *, issuer: str, audience: str, clock: Clock, logger: Logger
) -> Verifier:
    """Returns a verifier that accepts this issuer's JWTs for this audience (a client id).

    The verifier never raises, whatever is wrong with a token.
    """

    def verify(token: str) -> Principal | None:
        if token.count(".") != 2:
            return None
        try:
            claims = _signed_claims(token, keys, issuer)
            return _principal(claims, issuer=issuer, audience=audience, now_s=clock())
        except Refused as refusal:
            cause = None
            if refusal.__cause__:
                cause = type(refusal.__cause__).__name__
            logger.info("token.refused", reason=str(refusal), error=cause)
            return None

    return verify


def checked_url(url: str) -> str:
    """Returns the address, or raises ValueError if keys must not be read from it.

    Somebody who can change the keys on their way can sign tokens.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise ValueError("an issuer and its keys are at an https address")


def _signing_key(published: Any) -> jwt.PyJWK | None:
    """Returns None for a key that is for another use, weak, or of a kind that is not accepted."""
    if not isinstance(published, dict) or published.get("use", "sig") != "sig":
        return None
    algorithm = ALGORITHMS.get(str(published.get("kty")))
    if algorithm is None or published.get("alg", algorithm) != algorithm:
        return None
    if not isinstance(published.get("kid"), str):
        return None
    if algorithm == "ES256" and published.get("crv") != "P-256":
        return None
    try:
        key = jwt.PyJWK(published, algorithm)
    except jwt.PyJWTError:
        return None
    if algorithm == "RS256" and key.key.key_size < SMALLEST_RSA_BITS:
        return None
    return key


def _signed_claims(token: str, keys: KeySet, issuer: str) -> dict[str, Any]:
    """Returns the token's claims, if one of the issuer's keys has signed it.

    The issuer is not asked about another issuer's tokens.
    """
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
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[key.algorithm_name], options=_UNCHECKED
        )
        return claims
    except jwt.PyJWTError as error:
        raise Refused("signature") from error


def _principal(claims: dict[str, Any], *, issuer: str, audience: str, now_s: float) -> Principal:
    subject = claims.get("sub")
    expires_at_s = _seconds(claims.get("exp"))
    valid_from_s = _seconds(claims.get("nbf", 0))
    if claims.get("iss") != issuer:
        raise Refused("issuer")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise Refused("subject")
    if expires_at_s is None or expires_at_s + LEEWAY_S <= now_s:
        raise Refused("expired")
    if valid_from_s is None or valid_from_s - LEEWAY_S > now_s:
        raise Refused("not-yet-valid")
    if not _is_for(audience, claims):
        raise Refused("audience")
    return Principal(f"openid:{subject}", expires_at_s + LEEWAY_S)


def _is_for(audience: str, claims: dict[str, Any]) -> bool:
    """Whether the token is meant for this audience.

    Cognito's access tokens say `client_id` where all others, and its ID tokens, say `aud`.
    """
    named = claims.get("aud", [])
    if not isinstance(named, list):
        named = [named]
    use = claims.get("token_use")
    if use == "access":
        return claims.get("client_id") == audience or audience in named
    return use in (None, "id") and audience in named


def _seconds(value: Any) -> float | None:
    """Returns a moment in epoch seconds; None if the claim is no number that can be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        return None
    return float(value)
