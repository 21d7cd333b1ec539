"""Sends this process the signal that Lambda sends."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.waiting import eventually


@contextmanager
def sigterm_once(holds: Callable[[], object]) -> Iterator[None]:
    """Sends SIGTERM to this process when `holds()`, once, as Lambda does."""

    def send() -> None:
        eventually(holds)
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        sender.join()
