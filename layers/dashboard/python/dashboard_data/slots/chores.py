"""What does a process do for its slots besides renewing? One call of the table at a time.

Theory of operation. The calls are made by streams, between two looks for news. A stream may be
silent for one call and no longer. So whatever takes several calls is a generator, and whichever
stream comes next takes its next step.
"""

from collections.abc import Iterator
from threading import Lock

from dashboard_data.dynamodb import Clock
from dashboard_data.slots.holdings import Holdings
from dashboard_data.slots.index import Taken, TakenIndex
from dashboard_data.slots.surveying import Surveyor

LONGEST_S = 30


class Chores:
    """The chores of one process. Threads share one; one at a time does something."""

    def __init__(
        self, clock: Clock, holdings: Holdings, index: TakenIndex, surveyor: Surveyor
    ) -> None:
        self._clock = clock
        self._holdings = holdings
        self._index = index
        self._surveyor = surveyor
        self._lock = Lock()
        self._steps: Iterator[None] | None = None
        self._begun_at_s = 0.0
        self._survey: Taken | None = None  # the index from when a survey was due

    def want_survey(self, taken: Taken) -> None:
        self._survey = taken

    def are_left(self) -> bool:
        begun = self._steps is not None or self._survey is not None
        return begun or self._index.has_pending() or self._holdings.has_unreleased()

    def do_next(self) -> None:
        """Makes the next call, unless another thread is making it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            now_s = self._clock()
            # Nothing that was seen long ago is acted on: the process may have been frozen since.
            if self._steps is None or abs(now_s - self._begun_at_s) > LONGEST_S:
                self._steps = self._all_steps()
                self._begun_at_s = now_s
            try:
                next(self._steps)
            except BaseException as end:  # at their end, too
                self._steps = None
                if not isinstance(end, StopIteration):
                    raise
        finally:
            self._lock.release()

    def do_all(self) -> None:
        """Gives back what could not be given back. If that fails it is tried again later."""
        if not self._holdings.has_unreleased():
            return
        try:
            for _ in self._holdings.releases():
                pass
        except Exception:
            return

    def _all_steps(self) -> Iterator[None]:
        """Yields after each call. An index that cannot be written stops nothing else."""
        failure: Exception | None = None
        try:
            while self._index.has_pending():
                if not self._index.write_next():
                    break
                yield
        except Exception as error:
            failure = error
            yield
        yield from self._holdings.releases()
        taken, self._survey = self._survey, None
        if taken and self._surveyor.claim(taken, self._holdings.slots()):
            yield
            yield from self._surveyor.steps()
        if failure:
            raise failure
