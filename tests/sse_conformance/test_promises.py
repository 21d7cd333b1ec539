"""Does the kit judge promises that the user states: credentials, origins, limits, rotation?"""

import threading

import pytest

from tests.sse_conformance.kit import failing, verdicts_of
from tests.sse_conformance.server import Server, as_head

TOKEN = "a-long-token-that-nobody-guesses"
ORIGIN = "https://page.example"
FOREIGN = "https://other.example"
AUTH = {"auth_header": ("Authorization", f"Bearer {TOKEN}"), "secrets": (TOKEN,)}
ORIGINS = {"origin": ORIGIN, "foreign_origin": FOREIGN}
DEFECTS = []


def breaks(*checks, **options):
    """Registers a server, the checks that must fail on it, and their options."""

    def register(server):
        DEFECTS.append(pytest.param(server, checks, options, id=server.__name__))
        return server

    return register


class Guarded(Server):
    def __init__(self, **more):
        super().__init__(token=TOKEN, **more)


class Shared(Server):
    def __init__(self, **more):
        super().__init__(origin=ORIGIN, **more)


class Limited(Server):
    def __init__(self):
        super().__init__(limit=6)


class Rotating(Server):
    def __init__(self):
        super().__init__(life_s=0.3)


class SlowToFree(Server):
    """Lets no HEAD in either when it is full, and frees one slot after the other, late."""

    def __enter__(self):
        self.freeing = threading.Lock()
        return super().__enter__()

    def answer_head(self, connection, asked):
        with self.changed:
            is_full = self.open_streams >= self.limit
        if is_full:
            later = [("Retry-After", "1")]
            return self.refuse(connection, asked, "503 Service Unavailable", later)
        return super().answer_head(connection, asked)

    def stream(self, connection, asked):
        try:
            super().stream(connection, asked)
        finally:
            with self.freeing:
                self.ends.wait(0.3)


def test_slots_that_are_freed_late_are_waited_for():
    checks = ("head", "head-status", "limit", "rotation", "slow-reader")
    with SlowToFree(limit=5, life_s=3.0) as server:
        verdicts = verdicts_of(
            server.url, checks, rotation_s=3.5, limit=5, emit_url=server.emit_url
        )

    assert failing(verdicts) == {}


def test_a_client_that_is_to_reconnect_waits_for_a_slot_too():
    """The slots of the limit's check are freed one by one, after the client wanted to begin."""
    with SlowToFree(limit=5) as server:
        verdicts = verdicts_of(
            server.url, ("limit", "reconnects"), limit=5, emit_url=server.emit_url
        )

    assert {name: each.result for name, each in verdicts.items()} == {
        "limit": "pass",
        "reconnects": "pass",
    }


def test_a_server_that_keeps_every_promise_fails_nothing():
    class Everything(Server):
        def __init__(self):
            super().__init__(token=TOKEN, origin=ORIGIN, limit=8, life_s=3.0)

    with Everything() as server:
        verdicts = verdicts_of(
            server.url, rotation_s=3.5, limit=8, emit_url=server.emit_url, **AUTH, **ORIGINS
        )

    assert failing(verdicts) == {}
    assert {name for name, each in verdicts.items() if each.result == "skip"} <= {
        "clean-end",
        "whole-at-end",
        "ids-stable",  # nothing is published while the two streams listen
    }


def test_a_rotation_meanwhile_is_not_taken_for_a_loss():
    with Server(life_s=0.5) as server:
        verdicts = verdicts_of(server.url, ("slow-reader",), emit_url=server.emit_url)

    assert verdicts["slow-reader"].result == "skip"
    assert "ended the other client's stream" in verdicts["slow-reader"].evidence


# --- credentials


@breaks("auth-required", **AUTH)
class OpenToAll(Server):
    pass


@breaks("auth-required", **AUTH)
class WithoutAChallenge(Guarded):
    def refuse(self, connection, asked, status, headers=()):
        return super().refuse(connection, asked, status)


@breaks("auth-required", **AUTH)
class With404InsteadOf401(Guarded):
    def refuse(self, connection, asked, status, headers=()):
        return super().refuse(connection, asked, status.replace("401 Unauthorized", "404 No"))


@breaks("auth-garbage", **AUTH)
class ThatTakesAnyToken(Guarded):
    def is_let_in(self, asked):
        return (asked.header("Authorization") or b"").startswith(b"Bearer ")


@breaks("auth-garbage", **AUTH)
class ThatFailsAtLongTokens(Guarded):
    def refuse(self, connection, asked, status, headers=()):
        is_long = len(asked.header("Authorization") or b"") > 100
        return super().refuse(connection, asked, "500 Oops" if is_long else status, headers)


@breaks("auth-echo", **AUTH)
class ThatRepeatsATokenInAnError(Guarded):
    def refuse(self, connection, asked, status, headers=()):
        said = (asked.header("Authorization") or b"").decode()
        return super().refuse(connection, asked, f"401 {said}", headers)


@breaks("auth-echo", **AUTH)
class ThatRepeatsATokenInAHeader(Guarded):
    def stream_headers(self, asked):
        return [*super().stream_headers(asked), ("X-User", asked.header("Authorization").decode())]


@breaks("auth-echo", **AUTH)
class ThatRepeatsATokenInAnEvent(Guarded):
    def opening(self, kind, at):
        return super().opening(kind, at).replace(b"data: ", f"data: {TOKEN} ".encode())


# --- origins


class OtherCors(Shared):
    """A server with other CORS headers than it should have."""

    said = ()

    def cors(self, asked):
        return list(self.said)


@breaks("cors-allowed", "cors-preflight", "cors-errors", **ORIGINS)
class WithoutCors(OtherCors):
    pass


@breaks("cors-allowed", **ORIGINS)
class WithoutVary(OtherCors):
    said = (("Access-Control-Allow-Origin", ORIGIN),)


@breaks("cors-allowed", **ORIGINS)
class WithTheOriginTwice(OtherCors):
    said = (
        ("Vary", "Origin"),
        ("Access-Control-Allow-Origin", ORIGIN),
        ("access-control-allow-origin", ORIGIN),
    )


@breaks("cors-credentials")
class WithAWildcardAndCredentials(OtherCors):
    said = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"))


@breaks("cors-credentials")
class ThatRepeatsAnyOriginWithCredentials(Shared):
    def cors(self, asked):
        origin = (asked.header("Origin") or b"").decode()
        return [
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
        ]


@breaks("cors-foreign", **ORIGINS)
class ThatAllowsForeignOrigins(OtherCors):
    said = (("Access-Control-Allow-Origin", "*"),)


@breaks("cors-errors", **ORIGINS)
class WithoutCorsOnErrors(Shared):
    def refuse(self, connection, asked, status, headers=()):
        asked.headers = []
        return super().refuse(connection, asked, status, headers)


@breaks("cors-preflight", **ORIGINS)
class WithoutThePositionsHeader(Shared):
    def preflight(self, connection, asked):
        allowed = ("Access-Control-Allow-Headers", "Authorization")
        connection.sendall(as_head("204 No Content", [*self.cors(asked), allowed]))
        return True


@breaks("cors-preflight", **ORIGINS)
class WithAnErrorForPreflights(Shared):
    def preflight(self, connection, asked):
        return self.refuse(connection, asked, "405 Method Not Allowed")


# --- limits


@breaks("limit", limit=4)
class WithoutALimit(Server):
    pass


@breaks("limit", limit=6)
class WithoutRetryAfter(Limited):
    def refuse(self, connection, asked, status, headers=()):
        return super().refuse(connection, asked, status)


@breaks("limit", limit=6)
class With500WhenFull(Limited):
    def refuse(self, connection, asked, status, headers=()):
        return super().refuse(connection, asked, "500 Oops", headers)


@breaks("limit", limit=9, timeout_s=1.0)
class WithFewerThanPromised(Limited):
    pass


@breaks("limit-freed", limit=6, timeout_s=1.0)
class ThatNeverFreesASlot(Limited):
    def stream(self, connection, asked):
        try:
            super().stream(connection, asked)
        finally:
            self.ends.wait(10)


# --- rotation


@breaks("rotation", rotation_s=0.5)
class ThatNeverEnds(Server):
    pass


@breaks("rotation", rotation_s=0.8)
class ThatIsCutOff(Rotating):
    def send_end(self, connection):
        pass


@breaks("rotation", rotation_s=0.8)
class ThatEndsInAnEvent(Rotating):
    def send_end(self, connection):
        self.send(connection, b"data: hal")
        super().send_end(connection)


@breaks("rotation", rotation_s=0.8)
class ThatClosesInAnEvent(Rotating):
    def stream_headers(self, asked):
        headers = super().stream_headers(asked)
        return [each for each in headers if each[0] != "Transfer-Encoding"]

    def send(self, connection, data):
        connection.sendall(data)

    def send_end(self, connection):
        connection.sendall(b"data: hal")


@breaks("rotation-resume", rotation_s=0.8, events=("item",))
class ThatBeginsAnew(Rotating):
    def position(self, asked):
        return 0


@breaks("rotation-resume", rotation_s=0.8)
class ThatRefusesWhoComesBack(Rotating):
    def stream(self, connection, asked):
        if asked.header("Last-Event-ID"):
            self.refuse(connection, asked, "409 Conflict")
        else:
            super().stream(connection, asked)


@pytest.mark.parametrize(("kind", "checks", "options"), DEFECTS)
def test_a_broken_promise_is_found(kind, checks, options):
    with kind() as server:
        found = failing(verdicts_of(server.url, only=checks, **options))

    assert found.keys() == set(checks)
    assert not any(TOKEN in evidence for evidence in found.values())


def test_a_rotation_that_loses_what_comes_between_is_found():
    class Forgetful(Rotating):
        def position(self, asked):
            return None

    with Forgetful() as server:
        options = {"rotation_s": 0.8, "emit_url": server.emit_url}
        found = failing(verdicts_of(server.url, only=("rotation-resume",), **options))

    assert "did not come" in found["rotation-resume"]


def test_a_credential_in_the_url_is_found():
    with Guarded() as server:
        found = failing(verdicts_of(f"{server.url}?token={TOKEN}", only=("auth-url",), **AUTH))

    assert found == {"auth-url": "the URL holds the credential"}


def test_a_refusal_without_retry_after_is_a_fault_of_the_limit_alone():
    with WithoutRetryAfter() as server:
        only = ("limit", "resume-every-id", "odd-ids", "slow-reader", "reconnects")
        found = failing(verdicts_of(server.url, only=only, limit=6))

    assert found.keys() == {"limit"}


def test_what_is_not_promised_is_not_checked():
    with Server() as server:
        verdicts = verdicts_of(server.url, only=("limit", "rotation", "cors-allowed"))

    assert {each.evidence for each in verdicts.values()} == {
        "needs --limit",
        "needs --rotation",
        "needs --origin",
    }
