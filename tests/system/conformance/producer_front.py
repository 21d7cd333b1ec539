"""Takes texts over HTTP and writes each as an item into the service's table, as producers do.

Items have no free text but their ids and tags: so each text stands in both.
"""

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support import producer

# A partition key of DynamoDB has room for 2,048 bytes, and something stands before the id in it.
LONGEST_ID_BYTES = 1_900


def write(client: Any, table: str, text: str) -> None:
    """Writes one item whose id and tag are the text."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    producer.put(client, table, [producer.record(text, [text], timestamp=now)])


@contextlib.contextmanager
def producing(client: Any, table: str) -> Iterator[str]:
    """Yields the URL to which texts are posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            can_be_an_id = 0 < len(body) <= LONGEST_ID_BYTES
            if can_be_an_id:
                write(client, table, body.decode())
            self.send_response(204 if can_be_an_id else 422)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/emit"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
