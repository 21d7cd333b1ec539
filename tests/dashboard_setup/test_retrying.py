"""Tests which calls of the table are made again."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from dashboard_data import Backoff
from dashboard_setup.retrying import Retrying

URL = {"endpoint_url": "http://table"}


class FailingClient:
    """Raises each of these errors in turn, then responds."""

    def __init__(self, *errors):
        self._errors = [*errors]
        self.calls = []

    def __getattr__(self, operation):
        def call(**parameters):
            self.calls.append((operation, parameters))
            if self._errors:
                raise self._errors.pop(0)
            return {"done": operation}

        return call


def client_error(code, status):
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetItem")


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def retrying(pauses):
    backoff = Backoff(pauses.append, lambda: 0.5, most_tries=2, first_pause_s=0.2)
    return lambda client: Retrying(client, backoff)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(**URL),
        ConnectTimeoutError(**URL),
        ConnectionClosedError(**URL),
        EndpointConnectionError(**URL),
        client_error("InternalServerError", 500),
        client_error("ServiceUnavailable", 503),
        client_error("made up", 502),
        client_error("ThrottlingException", 400),
        client_error("ProvisionedThroughputExceededException", 400),
    ],
    ids=repr,
)
def test_a_call_that_failed_in_passing_is_made_again_after_a_pause(retrying, pauses, error):
    client = FailingClient(error)

    assert retrying(client).get_item(TableName="t") == {"done": "get_item"}
    assert client.calls == [("get_item", {"TableName": "t"})] * 2
    assert pauses == [0.1]


def test_a_call_that_fails_every_time_raises_the_last_error(retrying, pauses):
    errors = [ReadTimeoutError(**URL), ConnectionClosedError(**URL), SimpleNamespace()]
    client = FailingClient(*errors)

    with pytest.raises(ConnectionClosedError):
        retrying(client).query(TableName="t")
    assert len(client.calls) == 2


@pytest.mark.parametrize(
    "error",
    [
        client_error("ConditionalCheckFailedException", 400),
        client_error("ValidationException", 400),
        client_error("TransactionCanceledException", 400),
        client_error("AccessDeniedException", 400),
        NoCredentialsError(),
        KeyError("a bug"),
    ],
    ids=repr,
)
def test_an_error_that_another_try_does_not_change_is_raised_at_once(retrying, pauses, error):
    client = FailingClient(error)

    with pytest.raises(type(error)):
        retrying(client).put_item(TableName="t")
    assert len(client.calls) == 1
    assert pauses == []


def test_both_tries_of_a_transaction_have_one_token_and_another_one_has_another(retrying):
    client = FailingClient(ReadTimeoutError(**URL))
    table = retrying(client)
    table.transact_write_items(TransactItems=[])
    table.transact_write_items(TransactItems=[])

    first, again, other = [parameters["ClientRequestToken"] for _, parameters in client.calls]
    assert first == again != other
    assert len(first) <= 36  # DynamoDB takes no more


def test_a_token_of_the_caller_s_own_is_kept(retrying):
    client = FailingClient()
    retrying(client).transact_write_items(TransactItems=[], ClientRequestToken="own")

    assert client.calls == [
        ("transact_write_items", {"TransactItems": [], "ClientRequestToken": "own"})
    ]
