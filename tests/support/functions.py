"""Runs the HTTP functions in this process: real table code on moto, a fake clock, no sockets."""

import json
import logging
import secrets
from types import SimpleNamespace

import pytest
from api_function.configuration_routes import add_configuration_routes
from api_function.dependencies import ApiDependencies, kept_tickers
from api_function.document_routes import add_document_routes
from api_function.page_routes import add_page_routes
from api_function.public_routes import add_public_routes
from aws_lambda_powertools import Logger
from dashboard_data import (
    Backoff,
    DynamoDbConfigurations,
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbSessions,
    SharedReader,
    StreamSlots,
    Table,
)
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, make_handler
from dashboard_setup.settings import Settings
from dashboard_setup.verifier import verifier_of
from event_stream import Decoder
from stream_function.routes import stream_routes
from stream_function.subscription import StreamDependencies

from tests.support.fakes import MeddledClient

ORIGIN = "https://dashboard.example"
CONFIGURATIONS = "/api/v2/configurations"
# The fields of each event type but `failure`, which no healthy stream sends.
USUAL_EVENT_FIELDS = {
    "metrics": {
        "total",
        "positive",
        "neutral",
        "negative",
        "by_tag",
        "rate_last_hour",
        "rate_last_24h",
        "minutes",
        "timestamp",
    },
    "new_item": {"item_id", "ticker", "tags", "sentiment", "score", "timestamp", "source_id"},
    "heartbeat": {"timestamp", "connections"},
    "reset": {"reason", "timestamp"},
}


class Base64(str):
    """A body that a front hands over as base64, since it may not be text."""


class Stream:
    """A response of a function, read piece by piece as the runtime does."""

    def __init__(self, result):
        self.result = result
        self.status = result["statusCode"]
        self.headers = {name.lower(): value for name, value in result.get("headers", {}).items()}
        for name, values in result.get("multiValueHeaders", {}).items():
            self.headers[name.lower()] = ",".join(values)
        self.body = result["body"]
        if isinstance(self.body, str) and self.headers.get("content-type") == "text/event-stream":
            self.body = (piece for piece in [self.body.encode()])
        elif hasattr(self.body, "pieces"):
            self.body = iter(self.body)
        self.pieces = []
        self.events = []
        self.decoder = Decoder()

    def json(self):
        return json.loads(self.body)

    def pull(self, count=1):
        """Returns the events of the next `count` pieces."""
        new = []
        for _ in range(count):
            piece = next(self.body)
            self.pieces.append(piece)
            new += self.decoder.feed(piece)
        self.events += new
        return new

    def pull_until(self, wanted, most=1_000):
        """Pulls until an event of that type comes, and returns its data."""
        for _ in range(most):
            for event in self.pull():
                if event.type == wanted:
                    return json.loads(event.data)
        raise AssertionError(f"no {wanted} in {most} pieces")

    def drain(self, most=10_000):
        """Pulls until the stream ends by itself."""
        for _ in range(most):
            try:
                self.pull()
            except StopIteration:
                return self
        raise AssertionError("the stream does not end")

    def items(self):
        return [
            json.loads(event.data)["item_id"] for event in self.events if event.type == "new_item"
        ]

    @property
    def text(self):
        return b"".join(self.pieces)


class Service:
    """Both functions over one table."""

    def __init__(self, client, table, clock, **settings):
        self.clock = clock
        self.opened = []
        self.table = MeddledClient(client)
        self.settings = Settings(table=table, cors_origins=(ORIGIN,), **settings)
        handle = Table(self.table, table)
        backoff = Backoff(clock.sleep, lambda: 0.5)
        self.feed = DynamoDbFeed(handle, clock)
        self.slots = StreamSlots(
            handle,
            clock,
            backoff,
            limit=self.settings.max_connections,
            client_limit=self.settings.client_connections,
            network_limit=self.settings.network_connections,
            reserved=self.settings.reserved_connections,
            lease_s=self.settings.lease_s,
        )
        self.sessions = DynamoDbSessions(handle, clock, self.settings.session_s)
        self.configurations = DynamoDbConfigurations(handle, clock, backoff)
        self.metrics = DynamoDbMetrics(handle, clock)
        self.logger = Logger(
            service=f"test-{secrets.token_hex(4)}", stream=None, log_uncaught_exceptions=False
        )
        self.logger.propagate = True
        dependencies = StreamDependencies(
            feed=self.feed,
            metrics=self.metrics,
            reader=SharedReader(self.feed, handle, clock, interval_s=1.0, pause=clock.pause),
            slots=self.slots,
            configurations=self.configurations,
            clock=clock,
            uniform=lambda low, high: (low + high) / 2,
            logger=self.logger,
        )
        verify = verifier_of(self.settings, self.sessions, clock, self.logger)
        api_dependencies = ApiDependencies(
            feed=self.feed,
            metrics=self.metrics,
            tickers=kept_tickers(self.feed, self.metrics, clock),
            slots=self.slots,
            sessions=self.sessions,
            configurations=self.configurations,
            verify=verify,
            clock=clock,
            started_at_s=clock(),
            trust_user_id=self.settings.trust_user_id,
        )

        def api_routes():
            router = Routes()
            add_public_routes(router, api_dependencies)
            add_configuration_routes(router, api_dependencies)
            add_document_routes(router)
            add_page_routes(router, {"index.html": "<title>page</title>", "live.js": "1"})
            return router

        cors = Cors(self.settings.cors_origins)
        self.api_routes = api_routes
        self.stream_routes = lambda: stream_routes(dependencies, verify, self.settings)
        options = {"timer": clock, "base_path": self.settings.base_path}
        self.stream_handler = make_handler(self.stream_routes, cors, self.logger, **options)
        self._api = make_handler(self.api_routes, cors, self.logger, **options)
        self.front = "2.0"

    def stream(self, path="/api/v2/stream", left_s=900, method="GET", **headers):
        opened = Stream(
            self.stream_handler(self.payload(method, path, headers), self._context(left_s))
        )
        self.opened.append(opened)
        return opened

    def close(self):
        """Closes all streams, as the runtime does."""
        for stream in self.opened:
            if hasattr(stream.body, "close"):
                stream.body.close()

    def api(self, method, path, body=None, **headers):
        payload = self.payload(method, path, headers, body)
        return Stream(self._api(payload, self._context(10)))

    def sign_in(self):
        created = self.sessions.create_anonymous()
        return created, {"authorization": f"Bearer {created.token}"}

    def _context(self, left_s):
        ends_at = self.clock() + left_s
        return SimpleNamespace(
            get_remaining_time_in_millis=lambda: int((ends_at - self.clock()) * 1000),
            aws_request_id="request-1",
        )

    def payload(self, method, path, headers, body=None):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        address = headers.pop("address", "192.0.2.1")
        query = headers.pop("query", None)
        body = body if body is None or isinstance(body, str) else json.dumps(body)
        if self.front == "2.0":
            http = {"method": method, "path": path, "sourceIp": address}
            return {
                "version": "2.0",
                "rawPath": path,
                "rawQueryString": "",
                "headers": headers,
                "queryStringParameters": query,
                "requestContext": {"http": http, "stage": "$default"},
                "body": body,
                "isBase64Encoded": isinstance(body, Base64),
            }
        return {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": query,
            "requestContext": {
                "httpMethod": method,
                "stage": "live",
                "identity": {"sourceIp": address},
            },
            "body": body,
            "isBase64Encoded": isinstance(body, Base64),
        }


@pytest.fixture(autouse=True)
def metrics_namespace(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "test")


@pytest.fixture
def make_service(client, table, clock, metrics_namespace):
    made = []

    def make(**settings):
        made.append(Service(client, table, clock, **settings))
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture
def service(make_service, caplog):
    caplog.set_level(logging.INFO)
    return make_service()


@pytest.fixture
def emitted(capsys):
    """Returns a function that reads the metrics written so far, as EMF documents."""

    def read():
        lines = capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and '"_aws"' in line]

    return read


@pytest.fixture(params=["1.0", "2.0"])
def api(service, request):
    """Returns `api(method, path, body, **headers)`, which asks through each front."""
    service.front = request.param
    return service.api


def configuration_of(service, user_id):
    """Creates a configuration and returns the path of its stream."""
    created = service.configurations.create(user_id, "mine", ["AAPL"])
    return f"{CONFIGURATIONS}/{created.config_id}/stream"
