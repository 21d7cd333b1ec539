"""Tests which errors are an outage of the table, and what a request gets then."""

import botocore.exceptions
import pytest
from dashboard_data.dynamodb import Throttled
from dashboard_data.users.configurations import Contended
from dashboard_http.outage import is_outage

from tests.support.fakes import TableError
from tests.support.functions import CONFIGURATIONS

URL = "https://dynamodb.example"
CANCELLED = "TransactionCanceledException"


@pytest.mark.parametrize(
    "error",
    [
        botocore.exceptions.EndpointConnectionError(endpoint_url=URL),
        botocore.exceptions.ConnectTimeoutError(endpoint_url=URL),
        botocore.exceptions.ReadTimeoutError(endpoint_url=URL),
        botocore.exceptions.ConnectionClosedError(endpoint_url=URL),
        botocore.exceptions.NoCredentialsError(),
        TableError("ProvisionedThroughputExceededException"),
        TableError("ThrottlingException"),
        TableError("InternalServerError"),
        TableError("ResourceNotFoundException"),
        TableError("AccessDeniedException"),
        TableError(CANCELLED, ["TransactionConflict", "None"]),
        TableError(CANCELLED, []),
        Throttled("keys left unread"),
        Contended("again"),
        TimeoutError(),
    ],
)
def test_these_are_an_outage(error):
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        OSError("no such file"),
        TableError("ValidationException"),
        TableError("ConditionalCheckFailedException"),
        TableError(CANCELLED, ["ValidationError", "None"]),
        botocore.exceptions.ParamValidationError(report="x"),
    ],
)
def test_these_are_bugs(error):
    assert not is_outage(error)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/metrics"),
        ("GET", "/api/v2/tickers"),
        ("GET", "/api/v2/stream/status"),
        ("POST", "/api/v2/auth/anonymous"),
        ("POST", "/api/v2/stream/connections/0-0123456789abcdefghijkl/close"),
        ("GET", CONFIGURATIONS),
    ],
)
def test_in_an_outage_a_call_is_refused_for_a_while_logged_and_counted(
    api, service, emitted, caplog, method, path
):
    _, headers = service.sign_in()
    service.table._meddle = _raising(TableError("ThrottlingException"))
    refused = api(method, path, **headers)

    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert refused.json() == {"detail": "The table cannot be read at the moment"}
    assert "request.failed" in caplog.text
    assert _failures(emitted()) == [("table", 1)]


def test_a_bug_is_a_500_and_counted_apart(api, service, emitted):
    service.table._meddle = _raising(KeyError("a bug"))
    failed = api("GET", "/api/v2/metrics")

    assert (failed.status, failed.json()) == (500, {"detail": "Internal error"})
    assert _failures(emitted()) == [("bug", 1)]


def _raising(error):
    def meddle(number, name, call):
        raise error

    return meddle


def _failures(documents):
    return [(each["reason"], each["RequestsFailed"][0]) for each in documents]
