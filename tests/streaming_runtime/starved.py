"""A function whose process lacks something: memory, file descriptors, threads, room on the disk."""

import json
import os
import resource
import signal
import tempfile
import threading
from pathlib import Path

KEPT = []


def spend_memory(event):
    """Asks for more than the process may have, once it may have hardly more than it has."""
    resource.setrlimit(resource.RLIMIT_AS, (_size_bytes() + (8 << 20), resource.RLIM_INFINITY))
    try:
        return len(bytearray(1 << 30))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _size_bytes():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def spend_memory_in_a_stream(event):
    def body():
        yield b"begun\n"
        spend_memory(event)

    return {"statusCode": 200, "body": body()}


def raise_memory_error(event):
    raise MemoryError


def return_too_deep(event):
    """Returns what the runtime itself cannot write: its encoder runs out of stack."""
    nested = []
    for _ in range(200_000):
        nested = [nested]
    return nested


def open_files(event):
    """Uses up the descriptors, but for those that the event spares."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        while True:
            KEPT.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        for descriptor in KEPT[: event["spared"]]:
            os.close(descriptor)
        del KEPT[: event["spared"]]
    return {"statusCode": 200, "body": iter([b"all ", b"used up"])} if event.get("http") else "done"


def close_files(event):
    while KEPT:
        os.close(KEPT.pop())
    return "closed"


def start_threads(event):
    """Starts a thread where the system has no room for its stack."""
    resource.setrlimit(resource.RLIMIT_AS, (_size_bytes() + (1 << 20), resource.RLIM_INFINITY))
    try:
        threading.stack_size(512 << 20)
        threading.Thread(target=print).start()
    finally:
        threading.stack_size(0)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def write_to_tmp(event):
    """Writes a file as libraries do, where no file may be larger than nothing."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        with tempfile.NamedTemporaryFile(buffering=0) as file:
            file.write(b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, before)


def die_after(event):
    """Streams, and is killed as the system kills when memory is used up, after so many pieces."""

    def body():
        for _number in range(event["pieces"]):
            yield b"x" * event["size"]
        os.kill(os.getpid(), signal.SIGKILL)

    return {"statusCode": 200, "body": body()}


def be_fine(event):
    return "fine"


def handler(event, context):
    return globals()[event["do"]](event)


def asks_for(do, **fields):
    """Returns an entry of the platform's script."""
    return {"body": json.dumps({"do": do, **fields}).encode()}


def asks_over_http(do, **fields):
    context = {"http": {"method": "GET", "path": "/"}, "domainName": "a.lambda-url.b.on.aws"}
    payload = {"version": "2.0", "rawPath": "/", "headers": {}, "requestContext": context}
    return {"body": json.dumps({**payload, "do": do, "http": True, **fields}).encode()}
