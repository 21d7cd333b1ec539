"""A handler for tests of worker processes: it ends, waits and says in which process it runs."""

import json
import os
import signal
import sys
import time
from pathlib import Path


def say(text):
    """Writes a line in one piece, so that no other process's output gets into it."""
    os.write(1, f"{text}\n".encode())


say(f"imported {os.getpid()}")


def handler(event, context):
    """Does what the event's `do` says."""
    return ACTIONS[event["do"]](event)


def pid(event):
    return {"pid": os.getpid(), "main": __import__("threading").current_thread().name}


def meet(event):
    """Returns when as many processes as the event says are in here."""
    folder = Path(event["folder"])
    (folder / str(os.getpid())).touch()
    until = time.monotonic() + 10
    while len(list(folder.iterdir())) < event["many"] and time.monotonic() < until:
        time.sleep(0.005)
    return pid(event)


def leave(event):
    os._exit(event["status"])


def leave_politely(event):
    sys.exit(event["status"])


def die(event):
    os.kill(os.getpid(), getattr(signal, event["signal"]))
    time.sleep(10)


def wait(event):
    say(f"waiting {os.getpid()}")
    try:
        while True:
            time.sleep(0.01)
    finally:
        say(f"unwound {os.getpid()}")


def hang(event):
    """Waits, whatever comes."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait(event)


def stream(event):
    def body():
        try:
            yield f"{os.getpid()}\n"
            while True:
                time.sleep(0.01)
                yield b""
        finally:
            say(f"closed {os.getpid()}")

    return {"statusCode": 200, "body": body()}


ACTIONS = {
    each.__name__: each for each in (pid, meet, leave, leave_politely, die, wait, hang, stream)
}


def asks_for(do, **fields):
    """Returns an entry of the platform's script."""
    return {"body": json.dumps({"do": do, **fields}).encode()}
