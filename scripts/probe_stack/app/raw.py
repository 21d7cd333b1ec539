"""Writes a response to the Runtime API itself, and so one that the layer never writes.

The layer's own response to the same invocation is refused afterwards, and it goes on.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

import json
import os
import socket
import struct

HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response"
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
WAIT_S = 10.0


class RawResponse:
    """One streamed response. Nothing is checked."""

    def __init__(self, request_id):
        host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
        self._socket = socket.create_connection((host, int(port or 80)), timeout=WAIT_S)
        head = (
            f"POST /2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\r\n"
            f"Host: {host}\r\n"
            "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
            f"Content-Type: {HTTP_INTEGRATION}\r\n"
            "Transfer-Encoding: chunked\r\n"
            f"Trailer: {ERROR_TYPE}, {ERROR_BODY}\r\n\r\n"
        )
        self._socket.sendall(head.encode())

    def prelude(self, headers):
        fields = {"statusCode": 200, "headers": headers}
        self.chunk(json.dumps(fields).encode() + bytes(8))

    def chunk(self, data):
        self._socket.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self, error_body=None):
        """Ends the response, with trailers if there is a body of an error, and waits."""
        trailers = ""
        if error_body is not None:
            trailers = f"{ERROR_TYPE}: Function.Probe\r\n{ERROR_BODY}: {error_body}\r\n"
        self._socket.sendall(f"0\r\n{trailers}\r\n".encode())
        try:
            self._socket.recv(4_096)
        except OSError:
            pass  # this end was what the client asked for
        self._socket.close()

    def reset(self):
        """Resets the connection in the middle of the body."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
