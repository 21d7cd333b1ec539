"""Tests the clients that the functions reach the table with."""

import socket
from contextlib import suppress
from types import SimpleNamespace

import botocore
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from dashboard_setup.clients import client_of, table_of
from dashboard_setup.settings import Settings


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_client_asks_a_table_that_is_silent_as_often_as_it_is_told(monkeypatch, attempts):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name, value in {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ReadTimeoutError):
            table_of(Settings("table"), read_timeout_s=0.1, attempts=attempts).get(("PK", "SK"))
        silent.setblocking(False)
        asked = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                asked += 1

    assert asked == attempts


def test_requests_say_whose_they_are_and_which_botocore_makes_them(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    client = client_of(connect_timeout_s=1, read_timeout_s=1, attempts=1)
    sent = []

    def instead_of_sending(request, **_):
        sent.append(request.headers["User-Agent"].decode())
        return AWSResponse(request.url, 200, {}, SimpleNamespace(stream=lambda: [b"{}"]))

    client.meta.events.register_first("before-send.dynamodb", instead_of_sending)
    client.get_item(TableName="table", Key={"PK": {"S": "p"}})

    assert len(sent) == 1
    assert sent[0].startswith(
        f"lambda-sse Botocore/{botocore.__version__}"
    )  # Powertools adds to it
