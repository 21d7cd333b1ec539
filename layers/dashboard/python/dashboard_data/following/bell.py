"""How does one thread sleep until another one wakes it?"""

from threading import Lock


class Bell:
    """Wakes the one thread that waits for it.

    Half the size of a Condition, and it makes nothing anew for each wait. Its owner's lock guards
    `ring` and `hush`; between two rings comes a `hush`.
    """

    __slots__ = ("_silence",)

    def __init__(self) -> None:
        self._silence = Lock()  # held until the bell rings
        self._silence.acquire()

    def wait(self, seconds: float) -> None:
        """Returns when the bell has rung, or after so many seconds."""
        self._silence.acquire(timeout=seconds)

    def ring(self) -> None:
        self._silence.release()

    def hush(self) -> None:
        """Makes the bell ready to ring again, whether or not `wait` has heard it."""
        self._silence.acquire(blocking=False)
