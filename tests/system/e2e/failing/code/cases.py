"""Responds or fails in one of many ways; the last part of the path chooses which."""

import base64
import gzip
import os
import threading
import time

TEXT = {"Content-Type": "text/plain"}
SSE = {"Content-Type": "text/event-stream"}
invocations = 0


def handler(event, context):
    global invocations
    invocations += 1
    path = event.get("rawPath") or event.get("path") or "/plain"
    return CASES[path.rpartition("/")[2].replace("-", "_")](event)


def response(body, status=200, headers=TEXT, **more):
    return {"statusCode": status, "headers": headers, "body": body, **more}


def fails():
    raise LookupError("no such thing")


def every_200_ms():
    for number in range(5):
        yield f"data: {number}\n\n"
        time.sleep(0.2)


def half():
    yield b"half"
    fails()


def huge():
    yield b"half"
    raise ValueError("\u00fc" * 1_000_000)


def silence():
    yield b"once"
    time.sleep(3600)


def silence_at_first():
    time.sleep(3600)
    yield b"never"


def until_closed():
    try:
        while True:
            yield b"[whole]"
            time.sleep(0.05)
    finally:
        print("finally ran", flush=True)


def ignores_closing():
    while True:
        try:
            yield b"[whole]"
            time.sleep(0.05)
        except GeneratorExit:
            print("not yet", flush=True)


def dies():
    yield b"half"
    os._exit(3)


def flood():
    for _ in range(200):
        yield b"x" * 65_536


def endless_flood():
    try:
        while True:
            yield b"x" * 65_536
    finally:
        print("finally ran", flush=True)


CASES = {
    "plain": lambda event: response("plain"),
    "count": lambda event: response(str(invocations)),
    "pid": lambda event: response(f"{os.getpid()} {threading.get_ident()}"),
    "paced": lambda event: response(every_200_ms(), headers=SSE),
    "text": lambda event: response("t\u00e4xt"),
    "bytes": lambda event: response(bytes(range(256))),
    "base64": lambda event: response(
        base64.b64encode(bytes(range(256))).decode(), isBase64Encoded=True
    ),
    "two_members": lambda event: response(
        gzip.compress(b"one ") + gzip.compress(b"two"), headers={**TEXT, "Content-Encoding": "gzip"}
    ),
    "gzip": lambda event: response(
        gzip.compress(b"plain"), headers={**TEXT, "Content-Encoding": "gzip"}
    ),
    "strings": lambda event: response(iter(["a", "", "\u00e4", "b"])),
    "zeros": lambda event: response(iter([bytes(8), b"x", bytes(16)])),
    "none": lambda event: response(None),
    "empty_iterator": lambda event: response(iter(())),
    "no_content": lambda event: response(None, 204),
    "not_modified": lambda event: response(None, 304),
    "redirect": lambda event: response(None, 302, {"Location": "/elsewhere"}),
    "teapot": lambda event: response("short and stout", 418),
    "headers": lambda event: {
        "statusCode": 200,
        "headers": {
            "Content-Length": "99",
            "Transfer-Encoding": "identity",
            "Connection": "close",
            **TEXT,
        },
        "multiValueHeaders": {"Vary": ["Origin", "Accept"]},
        "cookies": ["a=1", "b=2; Path=/"],
        "body": iter([b"x"]),
    },
    "flood": lambda event: response(flood()),
    "endless_flood": lambda event: response(endless_flood()),
    "error": lambda event: fails(),
    "error_in_iterator": lambda event: response(fails() for _ in range(1)),
    "huge_error": lambda event: (_ for _ in ()).throw(ValueError("m" * 1_000_000)),
    "half": lambda event: response(half()),
    "huge": lambda event: response(huge()),
    "silence": lambda event: response(silence()),
    "silence_at_first": lambda event: response(silence_at_first()),
    "hang": lambda event: time.sleep(3600),
    "until_closed": lambda event: response(until_closed()),
    "ignores_closing": lambda event: response(ignores_closing()),
    "dies": lambda event: response(dies()),
    "exit": lambda event: os._exit(3),
    "bad_status": lambda event: response("x", 9999),
    "bad_body": lambda event: response(5),
    "bad_piece": lambda event: response(iter([5])),
    "long_head": lambda event: response("x", headers={"X-Long": "x" * 17_000}),
}
