"""Tests the running service against its document, with requests that schemathesis generates."""

import json

import pytest
import requests
import schemathesis
from api_function.document import document
from event_stream import Decoder
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from requests.adapters import HTTPAdapter

from local_lambda import Emulator
from tests.support import producer
from tests.support.paths import ROOT
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
EXAMPLES = 25  # for each operation
KEY = "k" * 22
REMAPPED = "x-amzn-remapped-"
GLOBAL, CONFIGURATION = "/api/v2/stream", "/api/v2/configurations/{config_id}/stream"
DOCUMENT = document()
# Streams are endless: the tests below check them against the same document by hand.
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=[GLOBAL, CONFIGURATION])


@pytest.fixture(scope="module")
def emulator():
    limits = {"MaxConnections": "3", "ClientConnections": "2"}
    with Emulator(ROOT / "template.yaml", parameters=limits) as running:
        yield running


@pytest.fixture(scope="module")
def service(emulator):
    return emulator.dashboard_url.rstrip("/")


@pytest.fixture
def sign_in(service):
    def new_user():
        token = requests.post(f"{service}/api/v2/auth/anonymous", timeout=20).json()["token"]
        return {"Authorization": f"Bearer {token}"}

    return new_user


@pytest.fixture
def signed_in(sign_in):
    return sign_in()


def test_the_service_serves_the_document_that_it_is_held_against(service):
    assert requests.get(f"{service}/api/v2/openapi.json", timeout=20).json() == DOCUMENT


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_every_answer_is_one_that_the_document_promises(case, service, signed_in):
    headers = signed_in if case.operation.definition.raw["security"] else {}
    case.call_and_validate(base_url=service, headers=headers, timeout=20)


# --- streams


class From(HTTPAdapter):
    """Sends requests from one of this machine's own addresses."""

    def __init__(self, address):
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **named):
        super().init_poolmanager(*arguments, source_address=(self._address, 0), **named)


@pytest.fixture
def open_stream(service):
    opened = []

    def get(path, headers=None, address="127.0.0.1", **names):
        session = requests.Session()
        session.mount("http://", From(address))
        url = service + path.format(**names)
        opened.append(response := session.get(url, headers=headers, stream=True, timeout=20))
        return response

    yield get
    for response in opened:
        if connection_id := response.headers.get("X-Connection-Id"):
            requests.post(f"{service}/api/v2/stream/connections/{connection_id}/close", timeout=20)
    status = f"{service}/api/v2/stream/status"
    eventually(lambda: requests.get(status, timeout=20).json()["connections"] == 0)


def conforms(value, reference):
    Draft202012Validator({**reference, "components": DOCUMENT["components"]}).validate(value)
    return True


def promised(path, response):
    """Returns the schema of this response's body; asserts its status, headers and type."""
    given = DOCUMENT["paths"][path]["get"]["responses"][str(response.status_code)]
    came = {name.lower().removeprefix(REMAPPED) for name in response.headers}
    assert {name.lower() for name in given.get("headers", {})} <= came
    return given["content"][response.headers["Content-Type"]]


@pytest.mark.parametrize("path", [GLOBAL, CONFIGURATION])
def test_every_event_of_a_stream_is_one_that_the_document_promises(
    emulator, service, signed_in, open_stream, path
):
    sent = {"name": "mine", "tickers": ["AAPL"]}
    created = requests.post(
        f"{service}/api/v2/configurations", json=sent, headers=signed_in, timeout=20
    ).json()
    response = open_stream(path, signed_in | {"Last-Event-ID": "test-event-12345"}, **created)
    events, decoder, put = {}, Decoder(), False
    for chunk in response.iter_content(None):
        events |= {event.type: json.loads(event.data) for event in decoder.feed(chunk)}
        if "heartbeat" in events and not put:
            item = producer.record(f"item-{created['config_id']}")
            producer.put(producer.table_client(emulator), emulator.table, [item])
            put = True
        if "new_item" in events:
            break
    known = promised(path, response)["x-events"]

    assert set(events) == {"reset", "metrics", "heartbeat", "new_item"}
    assert all(conforms(data, known[event_type]) for event_type, data in events.items())


def test_every_refusal_of_a_stream_is_one_that_the_document_promises(service, sign_in, open_stream):
    mine, other = sign_in(), sign_in()
    sent = {"name": "mine", "tickers": ["AAPL"]}
    created = requests.post(
        f"{service}/api/v2/configurations", json=sent, headers=mine, timeout=20
    ).json()
    refusals = [
        (401, CONFIGURATION, open_stream(CONFIGURATION, **created)),
        (404, CONFIGURATION, open_stream(CONFIGURATION, other, **created)),
    ]
    assert [open_stream(GLOBAL).status_code for _ in range(2)] == [200, 200]
    refusals.append((429, GLOBAL, open_stream(GLOBAL)))
    requests.post(f"{service}/api/v2/stream/connections/{KEY}/close", timeout=20)
    refusals.append(
        (410, GLOBAL, open_stream(GLOBAL, {"X-Connection-Key": KEY}, address="127.0.0.2"))
    )
    assert open_stream(CONFIGURATION, mine, address="127.0.0.2", **created).status_code == 200
    refusals.append((503, CONFIGURATION, open_stream(CONFIGURATION, mine, **created)))
    refusals.append((503, GLOBAL, open_stream(GLOBAL)))

    for status, path, response in refusals:
        assert response.status_code == status
        assert conforms(response.json(), promised(path, response)["schema"])
