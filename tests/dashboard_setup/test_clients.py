"""Tests the clients that the functions reach the table with."""

import socket
from contextlib import suppress

import pytest
from botocore.exceptions import ReadTimeoutError
from dashboard_setup.clients import table_of
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
