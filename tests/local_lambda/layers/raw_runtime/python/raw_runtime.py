"""Runs a Runtime API client on bare sockets that misbehaves on request.

The payload `{"do": NAME}`, or `?do=NAME` in a URL, chooses the function below.
"""

import base64
import json
import os
import socket
import threading
import time

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
PREFIX = "/2018-06-01/runtime"
VND = "application/vnd.awslambda.http-integration-response"
TEXT = {"statusCode": 200, "headers": {"content-type": "text/plain"}}
JSON = {"statusCode": 200, "headers": {"content-type": "application/json"}}
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY = "Lambda-Runtime-Function-Error-Body"


class Invocation:
    def __init__(self, headers, payload):
        self.id = headers["lambda-runtime-aws-request-id"]
        self.attempt = headers["lambda-runtime-invocation-id"]
        self.headers = headers
        self.payload = payload
        query = payload.get("queryStringParameters") or {}
        self.do = payload.get("do") or query.get("do") or "hello"
        self.n = int(payload.get("n") or query.get("n") or 3)


def connect():
    connection = socket.create_connection((HOST, int(PORT)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_response(connection):
    """Returns status, headers and body; status 0 for a closed connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return 0, {}, b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return int(status_line.split()[1]), headers, body


def call(method, path, body=b"", **headers):
    with connect() as connection:
        lines = [
            f"{method} {PREFIX}{path} HTTP/1.1",
            f"Host: {HOST}",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return read_response(connection)


def buffered(invocation, value, **headers):
    path = f"/invocation/{invocation.id}/response"
    return call("POST", path, json.dumps(value).encode(), **headers)


def report(invocation, body):
    path = f"/invocation/{invocation.id}/error"
    return call("POST", path, body, **{ERROR_TYPE: "Function.E"})


class Stream:
    def __init__(self, invocation, prelude=None, content_type=VND):
        self.connection = connect()
        head = [
            f"POST {PREFIX}/invocation/{invocation.id}/response HTTP/1.1",
            f"Host: {HOST}",
            "Lambda-Runtime-Function-Response-Mode: streaming",
            "Transfer-Encoding: chunked",
            f"Content-Type: {content_type}",
            f"Trailer: {ERROR_TYPE}, {ERROR_BODY}",
            f"Lambda-Runtime-Invocation-Id: {invocation.attempt}",
        ]
        self.connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        if prelude is not None:
            self.write(json.dumps(prelude).encode() + bytes(8))

    def write(self, data):
        self.connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def finish(self, trailers=()):
        block = "".join(f"{k}: {v}\r\n" for k, v in trailers)
        self.connection.sendall(b"0\r\n" + block.encode() + b"\r\n")
        return read_response(self.connection)

    def finish_with_error(self, error_type, body):
        encoded = base64.b64encode(body).decode()
        return self.finish([(ERROR_TYPE, error_type), (ERROR_BODY, encoded)])


DO = {}


def does(*names):
    """Registers a function. It returns its last response, which is logged."""

    def register(function):
        DO.update(dict.fromkeys(names, function))
        return function

    return register


def stream_of(invocation, prelude, *pieces):
    stream = Stream(invocation, prelude)
    for piece in pieces:
        stream.write(piece)
    return stream


@does("hello")
def hello(invocation):
    stream = Stream(invocation, TEXT)
    for i in range(invocation.n):
        stream.write(b"piece %d\n" % i)
    return stream.finish()


@does("paced")
def paced(invocation):
    """Writes each piece when its file appears, so that the test decides when."""
    stream = Stream(invocation, TEXT)
    for i in range(invocation.n):
        while not os.path.exists(os.path.join(os.environ["GATE"], str(i))):
            time.sleep(0.005)
        stream.write(b"piece %d\n" % i)
    return stream.finish()


@does("big")
def big(invocation):
    stream = Stream(invocation, TEXT)
    for _ in range(invocation.n):
        stream.write(b"x" * 65536)
        print("written", flush=True)
    return stream.finish()


@does("endless")
def endless(invocation):
    stream = Stream(invocation, TEXT)
    for i in range(invocation.n):
        stream.write(b"tick %d\n" % i)
        time.sleep(0.05)
    response = stream.finish()
    print("endless finished", response[0], flush=True)
    return response


@does("headers")
def headers(invocation):
    prelude = {
        "statusCode": 201,
        "headers": {"content-type": "text/plain", "content-length": "5"},
        "multiValueHeaders": {"x-many": ["1", "2"]},
        "cookies": ["a=1", "b=2; HttpOnly"],
    }
    return stream_of(invocation, prelude, b"hello").finish()


@does("no-body")
def no_body(invocation):
    return Stream(invocation, TEXT).finish()


@does("declared-empty")
def declared_empty(invocation):
    prelude = {"statusCode": 200, "headers": {"content-length": "0"}}
    return Stream(invocation, prelude).finish()


@does("bad-prelude")
def bad_prelude(invocation):
    prelude = {"statusCode": 200, "headers": {"x": ["not", "one"]}}
    return stream_of(invocation, prelude, b"body").finish()


@does("raw")
def raw(invocation):
    stream = Stream(invocation, content_type="text/csv")
    stream.write(b"a,b\n")
    return stream.finish()


@does("unauthorized")
def unauthorized(invocation):
    prelude = {"statusCode": 401, "headers": {"www-authenticate": "Bearer"}}
    return stream_of(invocation, prelude, b"no").finish()


@does("event")
def event(invocation):
    return stream_of(invocation, JSON, json.dumps(invocation.payload).encode()).finish()


@does("trailers", "big-trailers")
def trailers(invocation):
    length = 5000 if invocation.do == "big-trailers" else 10
    error = {"errorType": "Oops", "errorMessage": "m" * length, "stackTrace": []}
    stream = stream_of(invocation, TEXT, b"before\n")
    return stream.finish_with_error("Function.Oops", json.dumps(error).encode())


@does("trailer-no-utf-8")
def trailer_no_utf_8(invocation):
    return stream_of(invocation, TEXT, b"before\n").finish_with_error("Function.E", b"\xff\xfe")


@does("truncated")
def truncated(invocation):
    stream = stream_of(invocation, TEXT, b"before\n")
    stream.connection.shutdown(socket.SHUT_WR)
    return read_response(stream.connection)


@does("crash")
def crash(invocation):
    os._exit(3)


@does("crash-midway")
def crash_midway(invocation):
    stream_of(invocation, TEXT, b"before\n")
    time.sleep(0.2)
    os._exit(3)


@does("sleep")
def sleep(invocation):
    time.sleep(60)


@does("stream-sleep")
def stream_sleep(invocation):
    stream_of(invocation, TEXT, b"before\n")
    time.sleep(60)


@does("held-open")
def held_open(invocation):
    """Keeps its connection open, unlike `stream-sleep`, until it is killed."""
    stream = stream_of(invocation, TEXT, b"before\n")
    time.sleep(60)
    return stream.finish()


@does("crash-with-stream")
def crash_with_stream(invocation):
    stream = stream_of(invocation, TEXT, b"before\n")
    time.sleep(0.2)
    print("crashes with", stream, flush=True)
    os._exit(3)


@does("late")
def late(invocation):
    time.sleep(1.5)
    response = buffered(invocation, "late")
    print("late reply got", response[0], flush=True)
    return response


@does("slow")
def slow(invocation):
    time.sleep(0.5)
    return buffered(invocation, "slow")


@does("child")
def child(invocation):
    pid = os.fork()
    if not pid:
        time.sleep(600)
    return buffered(invocation, pid)


@does("environ")
def environ(invocation):
    return buffered(invocation, {"environ": dict(os.environ), "headers": invocation.headers})


@does("error")
def error(invocation):
    return report(invocation, b'{"errorType":"E","errorMessage":"m"}')


@does("error-no-utf-8")
def error_no_utf_8(invocation):
    return report(invocation, b"\xff\xfe")


@does("too-large")
def too_large(invocation):
    return buffered(invocation, "x" * 6_300_000)


@does("state-machine")
def state_machine(invocation):
    other_attempt = {"Lambda-Runtime-Invocation-Id": "other"}
    bad_mode = {"Lambda-Runtime-Function-Response-Mode": "batch"}
    codes = {}
    codes["next while busy"] = call("GET", "/invocation/next")[0]
    codes["wrong id"] = call("POST", "/invocation/nonsense/response", b"{}")[0]
    codes["wrong attempt"] = buffered(invocation, 1, **other_attempt)[0]
    codes["bad mode"] = buffered(invocation, 1, **bad_mode)[0]
    codes["init error"] = call("POST", "/init/error", b"{}")[0]
    codes["restore next"] = call("GET", "/restore/next")[0]
    codes["unknown path"] = call("GET", "/nonsense")[0]
    codes["good"] = buffered(invocation, codes)[0]
    print("second response", buffered(invocation, 2)[0], flush=True)
    return 202, {}, b""


def plain(invocation):
    return buffered(invocation, {"statusCode": 200, "body": "buffered"})


def loop():
    while True:
        status, headers, body = call("GET", "/invocation/next")
        if status != 200:
            print("next got", status, flush=True)
            time.sleep(0.05)
            continue
        invocation = Invocation(headers, json.loads(body))
        try:
            response = DO.get(invocation.do, plain)(invocation)
            print(invocation.do, "got", *(response or ())[::2], flush=True)
        except OSError as error:
            print(invocation.do, "broken", type(error).__name__, flush=True)


def main():
    if os.environ.get("FAIL_INIT") == "error":
        body = b'{"errorType":"ImportError","errorMessage":"no"}'
        call("POST", "/init/error", body, **{ERROR_TYPE: "Runtime.ImportModuleError"})
        os._exit(1)
    if os.environ.get("FAIL_INIT") == "exit":
        os._exit(7)
    if os.environ.get("FAIL_INIT") == "hang":
        time.sleep(600)
    if os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start":
        print("restore/next got", call("GET", "/restore/next")[0], flush=True)
    workers = int(os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY") or 1)
    for _ in range(workers - 1):
        threading.Thread(target=loop, daemon=True).start()
    loop()


main()
