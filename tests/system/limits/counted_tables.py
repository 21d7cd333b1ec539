"""Counts the calls to a table by name, and passes each of them on to moto."""

import socket
import subprocess
import sys
import threading
from collections import Counter
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.paths import ROOT


class CountedTables:
    """A counting endpoint at `url`; `calls` counts `BatchGetItem` and so on."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
            port = listening.getsockname()[1]
            descriptor = listening.fileno()
            command = [
                sys.executable,
                str(ROOT / "local_lambda/programs/moto_process.py"),
                str(descriptor),
            ]
            self._moto = subprocess.Popen(command, pass_fds=[descriptor])
        tables = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self._onward = HTTPConnection("127.0.0.1", port, timeout=20)

            def do_POST(self) -> None:
                tables.calls[self.headers["X-Amz-Target"].partition(".")[2]] += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._onward.request("POST", self.path, body, dict(self.headers))
                response = self._onward.getresponse()
                body = response.read()
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "CountedTables":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._moto.kill()
        self._moto.wait()
