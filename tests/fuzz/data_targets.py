"""Targets of the data: what producers write, what the table holds, and whose token it is."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jwt
from aws_lambda_powertools import Logger, Metrics
from cryptography.hazmat.primitives.asymmetric import ec
from dashboard_data import Item
from dashboard_data.feed.feed import FeedEntry
from dashboard_data.publishing.publisher import Outcome
from dashboard_data.times import moment_s
from dashboard_http.identity import bearer_token
from dashboard_http.openid import KeySet, openid_verifier
from event_stream import Decoder
from publish_function.app import make_handler
from stream_function.event_bytes import EventBytes

from tests.fuzz.invariants import Written, require_json_lines
from tests.fuzz.service import EPOCH, SECRET, running
from tests.fuzz.source import Source
from tests.fuzz.target import Check, Registry
from tests.support.fakes import NOON

TARGETS = Registry()
ISSUER = "https://issuer.example"
FIELDS = {"item_id", "ticker", "tags", "sentiment", "score", "timestamp", "source_id"}
SECRET_TEXT = "a title nobody may see"
SAMPLE: dict[str, Any] = {
    "PK": {"S": "ITEM#item-1"},
    "SK": {"S": "ITEM"},
    "item_id": {"S": "item-1"},
    "ticker": {"S": "AAPL"},
    "sentiment": {"S": "positive"},
    "score": {"N": "0.5"},
    "timestamp": {"S": "2026-11-22T11:00:00.000Z"},
    "title": {"S": SECRET_TEXT},
}
CONTEXT = SimpleNamespace(
    get_remaining_time_in_millis=lambda: 30_000,
    function_name="publish",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:eu-central-1:1:function:publish",
    aws_request_id="request-1",
)


def attribute(source: Source, depth: int = 2) -> Any:
    """Returns an attribute of any type that DynamoDB has, or of none."""
    kind = source.below(12 if depth else 8)
    if kind < 3:
        return {"S": source.text(20)}
    if kind == 3:
        return {
            "N": source.pick(
                ["0", "1", "0.5", "1.5", "2", "-1", "1E+125", "NaN", "1_0", "\u0661", ""]
            )
        }
    if kind == 4:
        return {"N": str(source.number())}
    if kind == 5:
        return source.pick([{"NULL": True}, {"BOOL": True}, {"B": "YQ=="}, {"B": b"\xff"}])
    if kind == 6:
        return source.pick([{"SS": ["a", "b"]}, {"NS": ["1"]}, {"BS": ["YQ=="]}, {}])
    if kind == 7:
        return source.json(1)
    if kind < 11:
        return {"L": [attribute(source, depth - 1) for _ in range(source.below(5))]}
    return {"M": {source.text(5): attribute(source, depth - 1) for _ in range(source.below(4))}}


def stream_record(source: Source) -> dict[str, Any]:
    """Returns a record of the table's stream, most of whose attributes are valid."""
    names = ["PK", "item_id", "ticker", "sentiment", "score", "timestamp", "tags", "x"]
    changed = {source.pick(names): attribute(source) for _ in range(source.below(4))}
    image = SAMPLE | changed
    if source.chance(30):  # an id that its key names, too
        item_id = source.text(10)
        image |= {"item_id": {"S": item_id}, "PK": {"S": f"ITEM#{item_id}"}}
    if source.chance(10):
        hours = source.pick(
            ["12:59", "13:00", "13:01", "14:00", "23:59"]
        )  # an hour ahead, and more
        image["timestamp"] = {"S": f"2026-11-22T{hours}:00.000Z"}
    if source.chance(30):
        image["tags"] = {"L": [{"S": source.text(40)} for _ in range(source.below(5))]}
    for name in [source.pick(names) for _ in range(source.below(2))]:
        image.pop(name, None)
    key = image.get("PK")
    is_key = isinstance(key, dict) and isinstance(key.get("S"), str)
    if source.chance(8):
        image = source.json()
    return {
        "eventID": "1",
        "eventName": source.pick(["INSERT", "INSERT", "MODIFY", "REMOVE"]),
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": NOON,
            "Keys": {"PK": key if is_key else {"S": "ITEM#"}, "SK": {"S": "ITEM"}},
            "NewImage": image,
            "SequenceNumber": "1",
        },
    }


@TARGETS.target(
    "items",
    "Items whose attributes have any type and value, through the publish function: no batch "
    "fails, one honest record a line; what passes obeys the contract, and its event holds its "
    "seven fields, as they were written, and nothing of titles and texts",
)
def items() -> Iterator[Check]:
    taken: list[Item] = []

    def publish(items: Any, until_s: float, *, changed: Any) -> Outcome:
        taken.extend(items)
        return Outcome(published=len(items))

    import contextlib

    written = Written()
    publisher: Any = SimpleNamespace(publish=publish)
    with contextlib.redirect_stdout(written):
        logger = Logger(service="fuzz-items", stream=written)
        logger.propagate = False
        metrics = Metrics(namespace="Test", service="publish")
        handler = make_handler(publisher, lambda: NOON, logger, metrics)
        events = EventBytes(SECRET, "nonce")

        def check(data: bytes) -> None:
            source = Source(data)
            taken.clear()
            records = [stream_record(source) for _ in range(1 + source.below(2))]
            response = handler({"Records": records}, CONTEXT)
            assert response == {"batchItemFailures": []}
            said = written.take()
            require_json_lines(said)
            assert SECRET_TEXT not in said
            ids = [_id_in_key(each) for each in records]
            assert all(item.item_id in ids for item in taken), taken
            for seq, item in enumerate(taken, 1):
                _require_event(item, events.item(EPOCH, FeedEntry(seq, item)))

        yield check


def _id_in_key(record: dict[str, Any]) -> str:
    """Returns the id that an item's key names, wherever the record says what its key is."""
    image = record["dynamodb"]["NewImage"]
    key = image.get("PK") if isinstance(image, dict) else None
    value = key.get("S") if isinstance(key, dict) else None
    return value.removeprefix("ITEM#") if isinstance(value, str) else ""


def _require_event(item: Item, sent: bytes) -> None:
    assert Item.from_text(item.to_text()) == item
    (event,) = Decoder().feed(sent)
    assert event.type == "new_item"
    data = json.loads(event.data)
    assert set(data) == FIELDS
    assert data["item_id"] == data["source_id"] == item.item_id
    assert data["tags"] == list(item.tags)
    assert 0 <= data["score"] <= 1
    assert data["sentiment"] in ("positive", "neutral", "negative")
    assert moment_s(data["timestamp"]) <= NOON + 3600
    assert data["ticker"].isascii()
    assert 1 <= len(data["ticker"]) <= 5
    assert SECRET_TEXT not in event.data
    assert len(sent) < 40_000


def stored_attribute(source: Source) -> Any:
    """Returns an attribute as DynamoDB can hold it: its types are true."""
    numbers = ["0", "1", "-1", "0.5", "1E+30", "999999999999", "12345678901234567890"]
    simple = [{"S": source.text(20)}, {"N": source.pick(numbers)}, {"B": source.binary(8)}]
    others = [{"NULL": True}, {"BOOL": False}, {"SS": ["a"]}, {"NS": ["7"]}, {"L": []}, {"M": {}}]
    return source.pick([*simple, *others, {"L": simple}, {"M": {"a": simple[0]}}])


def _damaged(source: Source, stored: dict[str, Any]) -> dict[str, Any]:
    """Returns a record some of whose attributes are others, are missing or have another name."""
    changed = dict(stored)
    for _ in range(1 + source.below(3)):
        name = source.pick(sorted(changed))
        how = source.below(4)
        if how == 0:
            del changed[name]
        elif how == 1:
            changed[source.text(5)] = changed.pop(name)
        elif how == 2 and "S" in changed[name]:
            text = changed[name]["S"].encode("utf-8", "surrogatepass")
            changed[name] = {"S": source.damaged(text).decode("latin-1")}
        else:
            changed[name] = stored_attribute(source)
        if not changed:
            break
    return changed | {"PK": stored["PK"], "SK": stored["SK"]}


def _hours() -> dict[tuple[str, str], dict[str, Any]]:
    """Returns the records of an hour: one of all tickers, and one of AAPL."""
    counts = {"seq": "3", "positive": "3", "minute#0": "3", "tag#tag": "3", "split#0": "3"}
    counts["expires_at"] = str(NOON + 90_000)
    records = {}
    for scope in ("*", "AAPL"):
        at = (f"METRICS#{EPOCH}#{scope}", "2026-11-22T11")
        own = {"ticker#AAPL": {"N": "3"}} if scope == "*" else {"newest": {"S": "1 2 3"}}
        keys = {"PK": {"S": at[0]}, "SK": {"S": at[1]}}
        records[at] = keys | {name: {"N": value} for name, value in counts.items()} | own
    return records


@TARGETS.target(
    "stored_records",
    "Records of every kind in the table that are damaged, of another type or another layout: a "
    "stream is never answered with a status from 500 on, the API never with one but 503, and in "
    "JSON; each log line is one JSON object",
)
def stored_records() -> Iterator[Check]:
    with running() as service:
        paths = ["/api/v2/stream", f"/api/v2/configurations/{service.config_id}/stream"]
        mine = f"/api/v2/configurations/{service.config_id}"
        asked = [
            "/api/v2/metrics", "/api/v2/metrics?ticker=AAPL", "/api/v2/stream/status",
            "/api/v2/tickers", "/health", "/api/v2/configurations", mine,
        ]  # fmt: skip
        whole = service.table.records | _hours()
        keys = sorted(whole)

        def check(data: bytes) -> None:
            source = Source(data)
            service.table.records = dict(whole)
            for at in [source.pick(keys) for _ in range(1 + source.below(2))]:
                service.table.records[at] = _damaged(source, whole[at])
            service.service.front = source.pick(("1.0", "2.0"))
            payload = service.service.payload("GET", source.pick(paths), service.signed_in)
            result = service.stream(payload)
            assert result["statusCode"] in (200, 401, 404), result
            body = result["body"]
            if hasattr(body, "pieces"):
                pieces = iter(body)
                try:
                    next(pieces, b"")
                except Exception as error:
                    raise AssertionError(f"the stream raises {error!r}") from error
                finally:
                    pieces.close()
            # The API keeps the tickers of the last case while its clock says that it was just now.
            service.clock.now = NOON if service.clock.now != NOON else NOON + 60
            path, _, ticker = source.pick(asked).partition("?ticker=")
            query = {"query": {"ticker": ticker}} if ticker else {}
            payload = service.service.payload("GET", path, service.signed_in | query)
            response = service.api(payload)
            assert response["statusCode"] < 500 or response["statusCode"] == 503, response
            assert isinstance(json.loads(response["body"]), dict)
            require_json_lines(service.written.take())

        yield check


KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = {
    **jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True),
    "kid": "key-1",
    "use": "sig",
}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "user-1",
    "aud": "client-1",
    "exp": NOON + 3600,
    "nbf": NOON - 10,
    "token_use": "id",
}
VALID = jwt.encode(CLAIMS, KEY, algorithm="ES256", headers={"kid": "key-1"})


def _part(value: Any) -> str:
    text = json.dumps(value).encode("utf-8", "surrogatepass")
    return jwt.utils.base64url_encode(text).decode()


def _token(source: Source) -> str:
    kind = source.below(6)
    if kind == 0:
        return source.damaged(VALID.encode()).decode("latin-1")
    header, claims, signature = VALID.split(".")
    if kind <= 2:
        said = {"alg": source.pick(["ES256", "none", "HS256", "RS256", 7]), "kid": "key-1"}
        header = _part(source.changed(said))
    if kind in (2, 3):
        claims = _part(source.changed(CLAIMS))
    if kind == 4:
        try:
            changed = source.changed(CLAIMS)
            return jwt.encode(changed, KEY, algorithm="ES256", headers={"kid": "key-1"})
        except (TypeError, ValueError, AttributeError):
            return VALID
    if kind == 5:
        return source.text(60)
    return f"{header}.{claims}.{signature}"


@TARGETS.target(
    "tokens",
    "Any `Authorization` header and JWT: a principal only for what the issuer has signed and "
    "not for claims that are wrong, otherwise None; no token in a log line",
)
def tokens() -> Iterator[Check]:
    written = Written()
    logger = Logger(service="fuzz-tokens", stream=written)
    logger.propagate = False

    def fetch(url: str, _timeout_s: float) -> dict[str, Any]:
        if url.endswith("openid-configuration"):
            return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        return {"keys": [PUBLIC]}

    keys = KeySet(ISSUER, lambda: NOON, fetch)
    verify = openid_verifier(
        keys, issuer=ISSUER, audience="client-1", clock=lambda: NOON, logger=logger
    )
    assert verify(VALID)

    def check(data: bytes) -> None:
        source = Source(data)
        token = _token(source)
        header = f"Bearer {token}"
        if source.chance(20):
            header = source.damaged(header.encode("utf-8", "surrogatepass")).decode("latin-1")
        found = bearer_token(header)
        assert found is None or found in header
        principal = verify(found or token)
        if principal is not None:
            assert principal.user_id.startswith("openid:")
            claims = json.loads(jwt.utils.base64url_decode((found or token).split(".")[1]))
            assert jwt.decode(found or token, KEY.public_key(), ["ES256"], _SIGNATURE_ALONE)
            assert claims["iss"] == ISSUER
            assert claims["exp"] > NOON - 31
            assert claims.get("nbf", NOON) <= NOON + 31
            named = claims.get("aud", [])
            named = [named] if isinstance(named, str) else named
            assert "client-1" in [*named, claims.get("client_id")]
        said = written.take()
        require_json_lines(said)
        assert token not in said or len(token) < 8, said

    yield check


_SIGNATURE_ALONE: Any = dict.fromkeys(
    ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_sub", "verify_jti"), False
)
