"""Passes TCP connections on to a server and counts the bytes that come back."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Relay:
    """Listens at `url`, which leads to the server of another URL. `received`: bytes from it."""

    def __init__(self, target):
        parts = urlsplit(target)
        self.received = 0
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source, sink):
        with suppress(OSError):
            while data := source.recv(65_536):
                if source.getpeername() == self._target:
                    self.received += len(data)
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()
        for each in self._open:
            each.close()
