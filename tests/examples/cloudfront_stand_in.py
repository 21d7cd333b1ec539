"""Stands in for CloudFront with an origin access control, and for the signature check behind it.

What a client notices of the two is modelled: a body without its right hash is 403; `Host` and
`Authorization` of the viewer do not arrive; each piece passes at once. Nothing is signed or cached.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ has it on its page
private-content-restricting-access-to-lambda.html.
"""

import contextlib
import hashlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

MISMATCH = b'{"message":"The request signature we calculated does not match"}'
NOT_PASSED_ON = {"host", "authorization", "connection", "content-length", "transfer-encoding"}
BLOCK_BYTES = 65_536


@contextlib.contextmanager
def cloudfront_before(origin: str) -> Iterator[str]:
    """Runs the stand-in before an origin, and yields its own address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.pass_on(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
                self.send_response(403)
                self.send_header("Content-Length", str(len(MISMATCH)))
                self.end_headers()
                self.wfile.write(MISMATCH)
                return
            self.pass_on(body)

        def pass_on(self, body: bytes) -> None:
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in NOT_PASSED_ON
            }
            connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=20)
            with contextlib.closing(connection), contextlib.suppress(ConnectionError):
                connection.request(self.command, self.path, body or None, headers)
                self.send_on(connection.getresponse())

        def send_on(self, response: http.client.HTTPResponse) -> None:
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in NOT_PASSED_ON:
                    self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while block := response.read1(BLOCK_BYTES):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
