"""A function whose streams wait in threads of one process until a file is there."""

import threading
from pathlib import Path

GO_ON = threading.Event()


def handler(event, context):
    return {"statusCode": 200, "body": pieces(Path(event["path"]))}


def pieces(go_on):
    yield b"first"
    while not GO_ON.wait(0.2):
        if go_on.exists():
            GO_ON.set()
    yield b"last"
