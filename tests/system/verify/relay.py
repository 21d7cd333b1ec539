"""A front that is like another one but for one behaviour: a relay that changes bytes on the way.

A change is a function of (request, response so far, is_over) that returns the bytes to pass on now
and those to hold back. It is asked again with what was held back and what came since.
"""

import contextlib
import re
import socket
import threading

RECEIVE_BYTES = 65_536


def renamed(name, other):
    """Another name for a header of responses, of the same length."""
    assert len(name) == len(other)
    pattern = re.compile(re.escape(name), re.IGNORECASE)
    return lambda request, data, is_over: (pattern.sub(other, data), b"")


def held_back(action):
    """The response to one action of the probe function arrives in one piece, when it has ended."""

    def change(request, data, is_over):
        is_whole = data.endswith(b"0\r\n\r\n") or is_over or action not in request
        return (data, b"") if is_whole else (b"", data)

    return change


def ended(action):
    """A response that was cut ends with its last chunk, as if it were whole."""

    def change(request, data, is_over):
        is_cut = is_over and action in request
        return data + (b"0\r\n\r\n" if is_cut else b""), b""

    return change


def with_a_body(request, data, is_over):
    """The response to HEAD has a body."""
    is_head = request.startswith(b"HEAD ") and data.startswith(b"HTTP/")
    return data + (b"body of HEAD" if is_head else b""), b""


def with_status(old, new):
    return lambda request, data, is_over: (data.replace(b" %d " % old, b" %d " % new, 1), b"")


class Relay:
    """Listens on a port of its own, and relays to one of 127.0.0.1 while the block lasts.

    `change_request` is given what the client sent, piece by piece, and returns what is passed on.
    """

    def __init__(self, port, change, change_request=lambda data: data):
        self._port = port
        self._change = change
        self._change_request = change_request
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                _Pair(client, server, self._change, self._change_request).start()


class _Pair:
    """One connection. Each direction has a thread of its own."""

    def __init__(self, client, server, change, change_request):
        self._client = client
        self._server = server
        self._change = change
        self._change_request = change_request
        self._request = b""

    def start(self):
        for run in (self._requests, self._responses):
            threading.Thread(target=run, daemon=True).start()

    def _requests(self):
        with contextlib.suppress(OSError):
            while data := self._client.recv(RECEIVE_BYTES):
                self._request = data
                self._server.sendall(self._change_request(data))
            self._server.shutdown(socket.SHUT_WR)

    def _responses(self):
        held = b""
        with contextlib.suppress(OSError):
            data = b"more"
            while data:
                data = self._server.recv(RECEIVE_BYTES)
                now, held = self._change(self._request, held + data, not data)
                self._client.sendall(now)
        # The other thread may wait in `recv`, and then closing alone would send nothing.
        for each in (self._client, self._server):
            with each, contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
