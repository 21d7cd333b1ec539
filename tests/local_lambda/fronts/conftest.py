"""Provides fixtures for tests that read a stream piece by piece."""

import http.client
from urllib.parse import urlsplit

import pytest


@pytest.fixture
def open_stream():
    """Sends a request; returns the connection and the response, whose body is not read yet."""

    def open_stream(url, target):
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        connection.request("GET", target)
        return connection, connection.getresponse()

    return open_stream


@pytest.fixture
def gate(emulator):
    """Returns an empty directory: a `paced` function writes a piece when its file appears."""
    for entry in emulator.gate.iterdir():
        entry.unlink()
    return emulator.gate
