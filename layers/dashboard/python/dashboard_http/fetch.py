"""How is a JSON document fetched in a bounded time, however slowly it comes?

A timeout of a socket bounds each wait, and a server that sends a byte now and then never lets it
pass. So a timer shuts the connection down at the deadline, wherever its thread waits: in the
handshake, for the headers, or for the body.
"""

import json
import socket
import ssl
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

LARGEST_DOCUMENT_BYTES = 256 * 1024


def fetch_json(url: str, timeout_s: float) -> dict[str, Any]:
    """Returns the JSON object at this address: within `timeout_s`, and without redirects.

    Raises OSError (TimeoutError at the deadline) or ValueError.
    """
    if timeout_s <= 0:
        raise TimeoutError(f"no time left for {url}")
    fetching = _Fetching(url, timeout_s)
    timer = Timer(timeout_s, fetching.cut)
    timer.daemon = True
    timer.start()
    try:
        return _parsed(fetching.body())
    except (OSError, HTTPException, ValueError) as error:
        if fetching.is_late:
            raise TimeoutError("the document did not come in time") from error
        if isinstance(error, HTTPException):
            raise OSError(f"the response is not HTTP: {type(error).__name__}") from error
        raise
    finally:
        timer.cancel()
        fetching.close()


class _Fetching:
    """One request. Its thread calls `body`; another one may `cut` it at any time."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.is_late = False
        parts = urlsplit(url)
        self._target = parts.path or "/"
        if parts.query:
            self._target += f"?{parts.query}"
        host = parts.hostname or ""
        self._connection = HTTPConnection(host, parts.port, timeout=timeout_s)
        if parts.scheme == "https":
            self._connection = HTTPSConnection(host, parts.port, timeout=timeout_s, context=_tls())
        # http.client forgets its own before it has read a body without a length.
        self._socket: socket.socket | None = None

    def body(self) -> bytes:
        self._connect()
        if self.is_late:  # there was nothing yet that `cut` could have shut down
            raise TimeoutError
        self._connection.request("GET", self._target, headers={"Accept": "application/json"})
        response = self._connection.getresponse()
        if response.status != 200:
            raise OSError(f"the response has status {response.status}")
        return response.read(LARGEST_DOCUMENT_BYTES + 1)

    def cut(self) -> None:
        """Ends every wait. The socket is in use, so it is shut down here and not closed."""
        self.is_late = True
        if self._socket:
            with suppress(OSError):
                # Not the method of an SSLSocket, which would change that under its own thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self._connection.close()
        if self._socket:
            self._socket.close()

    def _connect(self) -> None:
        """Connects as http.client does, but so that a handshake can be cut, too."""
        connection = self._connection
        address = (connection.host, connection.port)
        self._socket = socket.create_connection(address, connection.timeout)
        if isinstance(connection, HTTPSConnection):
            encrypted = _tls().wrap_socket(
                self._socket, server_hostname=connection.host, do_handshake_on_connect=False
            )
            self._socket = encrypted
            encrypted.do_handshake()
        connection.sock = self._socket


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST_DOCUMENT_BYTES:
        raise ValueError("the document is too large")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the document is no object")
    return document


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
