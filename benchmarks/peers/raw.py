"""The lower bound: a loop over sockets that imports as little as Python allows and does nothing."""

import os
import socket
import time

host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
events = int(os.environ.get("BENCH_EVENTS", "0"))
api = socket.create_connection((host, int(port)))
api.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: api\r\n\r\n"
PRELUDE = b'{"statusCode":200,"headers":{"Content-Type":"text/event-stream"}}' + bytes(8)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


while True:
    api.sendall(NEXT)
    received = b""
    while b"\r\n\r\n" not in received:
        received += api.recv(65536)
    request_id = received.lower().partition(b"request-id: ")[2].partition(b"\r\n")[0]
    api.sendall(
        b"POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: api\r\n"
        b"Lambda-Runtime-Function-Response-Mode: streaming\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" % request_id + chunk(PRELUDE)
    )
    api.sendall(chunk(b"data: hello\n\n"))
    for _ in range(events):
        time.sleep(0.002)
        api.sendall(chunk(b'data: {"filler":"%s","at":%.6f}\n\n' % (b"x" * 190, time.monotonic())))
    api.sendall(b"0\r\n\r\n")
    while b"\r\n\r\n" not in api.recv(65536):
        pass
