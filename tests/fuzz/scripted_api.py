"""A Runtime API that says what a case tells it to, byte for byte, and keeps what it was sent."""

import socket
import threading


class ScriptedApi:
    """Listens on loopback. Each connection gets `script` after its first bytes, and an end."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.script = b""
        self.received = b""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def take_request(self) -> bytes:
        """Returns all that the last connection has sent. It must be closed by now."""
        assert self._ended.wait(10)
        return self.received

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._ended.clear()
            with connection:
                self._serve(connection)
            self._ended.set()

    def _serve(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(65_536)
            connection.sendall(self.script)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65_536):
                received += more
            self.received = received
        except OSError:  # the runtime has reset the connection
            pass
