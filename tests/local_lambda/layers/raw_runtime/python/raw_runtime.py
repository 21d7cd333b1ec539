"""A Runtime API client on bare sockets that misbehaves on request: `{"do": NAME}` as payload, `?do=NAME` in a URL."""

import base64
import json
import os
import socket
import threading
import time

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
PREFIX = "/2018-06-01/runtime"
VND = "application/vnd.awslambda.http-integration-response"


class Invocation:
    def __init__(self, headers, payload):
        self.id = headers["lambda-runtime-aws-request-id"]
        self.attempt = headers["lambda-runtime-invocation-id"]
        self.headers, self.payload = headers, payload
        query = payload.get("queryStringParameters") or {}
        self.do = payload.get("do") or query.get("do") or "hello"
        self.n = int(payload.get("n") or query.get("n") or 3)


def connect():
    connection = socket.create_connection((HOST, int(PORT)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_answer(connection):
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
        return read_answer(connection)


def buffered(invocation, value, **headers):
    return call(
        "POST", f"/invocation/{invocation.id}/response", json.dumps(value).encode(), **headers
    )


class Stream:
    def __init__(self, invocation, prelude=None, mode="streaming", content_type=VND):
        self.connection = connect()
        head = [
            f"POST {PREFIX}/invocation/{invocation.id}/response HTTP/1.1",
            f"Host: {HOST}",
            f"Lambda-Runtime-Function-Response-Mode: {mode}",
            "Transfer-Encoding: chunked",
            f"Content-Type: {content_type}",
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
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
        return read_answer(self.connection)


TEXT = {"statusCode": 200, "headers": {"content-type": "text/plain"}}


def handle(invocation):
    """The status of the last call, for the log."""
    do, n = invocation.do, invocation.n
    if do == "hello":
        s = Stream(invocation, TEXT)
        for i in range(n):
            s.write(b"piece %d\n" % i)
        return s.finish()
    if do == "paced":  # each piece when its file appears: the test decides when
        s = Stream(invocation, TEXT)
        for i in range(n):
            while not os.path.exists(os.path.join(os.environ["GATE"], str(i))):
                time.sleep(0.005)
            s.write(b"piece %d\n" % i)
        return s.finish()
    if do == "big":
        s = Stream(invocation, TEXT)
        for _ in range(n):
            s.write(b"x" * 65536)
            print("written", flush=True)
        return s.finish()
    if do == "endless":
        s = Stream(invocation, TEXT)
        for i in range(n):
            s.write(b"tick %d\n" % i)
            time.sleep(0.05)
        answer = s.finish()
        print("endless finished", answer[0], flush=True)
        return answer
    if do == "headers":
        s = Stream(
            invocation,
            {
                "statusCode": 201,
                "headers": {"content-type": "text/plain", "content-length": "5"},
                "multiValueHeaders": {"x-many": ["1", "2"]},
                "cookies": ["a=1", "b=2; HttpOnly"],
            },
        )
        s.write(b"hello")
        return s.finish()
    if do == "no-body":
        return Stream(invocation, TEXT).finish()
    if do == "declared-empty":
        return Stream(invocation, {"statusCode": 200, "headers": {"content-length": "0"}}).finish()
    if do == "bad-prelude":
        s = Stream(invocation, {"statusCode": 200, "headers": {"x": ["not", "one"]}})
        s.write(b"body")
        return s.finish()
    if do == "raw":
        s = Stream(invocation, content_type="text/csv")
        s.write(b"a,b\n")
        return s.finish()
    if do in ("trailers", "big-trailers"):
        s = Stream(invocation, TEXT)
        s.write(b"before\n")
        error = {
            "errorType": "Oops",
            "errorMessage": "m" * (5000 if do == "big-trailers" else 10),
            "stackTrace": [],
        }
        body = base64.b64encode(json.dumps(error).encode()).decode()
        return s.finish(
            [
                ("Lambda-Runtime-Function-Error-Type", "Function.Oops"),
                ("Lambda-Runtime-Function-Error-Body", body),
            ]
        )
    if do == "truncated":
        s = Stream(invocation, TEXT)
        s.write(b"before\n")
        s.connection.shutdown(socket.SHUT_WR)
        return read_answer(s.connection)
    if do == "crash":
        os._exit(3)
    if do == "crash-midway":
        Stream(invocation, TEXT).write(b"before\n")
        time.sleep(0.2)
        os._exit(3)
    if do == "sleep":
        time.sleep(60)
    if do == "stream-sleep":
        Stream(invocation, TEXT).write(b"before\n")
        time.sleep(60)
    if do == "late":
        time.sleep(1.5)
        answer = buffered(invocation, "late")
        print("late reply answered", answer[0], flush=True)
        return answer
    if do == "slow":
        time.sleep(0.5)
        return buffered(invocation, "slow")
    if do == "child":
        pid = os.fork()
        if not pid:
            time.sleep(600)
        return buffered(invocation, pid)
    if do == "environ":
        return buffered(invocation, {"environ": dict(os.environ), "headers": invocation.headers})
    if do == "event":
        s = Stream(invocation, {"statusCode": 200, "headers": {"content-type": "application/json"}})
        s.write(json.dumps(invocation.payload).encode())
        return s.finish()
    if do == "error":
        return call(
            "POST",
            f"/invocation/{invocation.id}/error",
            b'{"errorType":"E","errorMessage":"m"}',
            Lambda_Runtime_Function_Error_Type="Function.E",
        )
    if do == "error-no-utf-8":
        return call(
            "POST",
            f"/invocation/{invocation.id}/error",
            b"\xff\xfe",
            Lambda_Runtime_Function_Error_Type="Function.E",
        )
    if do == "trailer-no-utf-8":
        s = Stream(invocation, TEXT)
        s.write(b"before\n")
        body = base64.b64encode(b"\xff\xfe").decode()
        return s.finish(
            [
                ("Lambda-Runtime-Function-Error-Type", "Function.E"),
                ("Lambda-Runtime-Function-Error-Body", body),
            ]
        )
    if do == "unauthorized":
        head = {"statusCode": 401, "headers": {"www-authenticate": "Bearer"}}
        s = Stream(invocation, head)
        s.write(b"no")
        return s.finish()
    if do == "too-large":
        return buffered(invocation, "x" * 6_300_000)
    if do == "state-machine":
        codes = {}
        codes["next while busy"] = call("GET", "/invocation/next")[0]
        codes["wrong id"] = call("POST", "/invocation/nonsense/response", b"{}")[0]
        codes["wrong attempt"] = buffered(invocation, 1, Lambda_Runtime_Invocation_Id="other")[0]
        codes["bad mode"] = buffered(invocation, 1, Lambda_Runtime_Function_Response_Mode="batch")[
            0
        ]
        codes["init error"] = call("POST", "/init/error", b"{}")[0]
        codes["restore next"] = call("GET", "/restore/next")[0]
        codes["unknown path"] = call("GET", "/nonsense")[0]
        codes["good"] = buffered(invocation, codes)[0]
        print("second response", buffered(invocation, 2)[0], flush=True)
        return 202, {}, b""
    return buffered(invocation, {"statusCode": 200, "body": "buffered"})


def loop():
    while True:
        status, headers, body = call("GET", "/invocation/next")
        if status != 200:
            print("next answered", status, flush=True)
            time.sleep(0.05)
            continue
        invocation = Invocation(headers, json.loads(body))
        try:
            answer = handle(invocation)
            print(invocation.do, "answered", *(answer or ())[::2], flush=True)
        except OSError as error:
            print(invocation.do, "broken", type(error).__name__, flush=True)


def main():
    if os.environ.get("FAIL_INIT") == "error":
        call(
            "POST",
            "/init/error",
            b'{"errorType":"ImportError","errorMessage":"no"}',
            Lambda_Runtime_Function_Error_Type="Runtime.ImportModuleError",
        )
        os._exit(1)
    if os.environ.get("FAIL_INIT") == "exit":
        os._exit(7)
    if os.environ.get("FAIL_INIT") == "hang":
        time.sleep(600)
    if os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start":
        print("restore/next answered", call("GET", "/restore/next")[0], flush=True)
    workers = int(os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY") or 1)
    for _ in range(workers - 1):
        threading.Thread(target=loop, daemon=True).start()
    loop()


main()
