"""Which threads sleep until there is something for them, and who performs the next reading?

Theory of operation. All of it is guarded by the lock of the SharedReader.

- Each stream sleeps on a bell of its own. Nothing rings it but news for this stream, or that its
  thread has to perform the next reading.
- One of the sleepers is the *leader*, and sleeps no longer than until a reading is due. A leader
  that leaves, for whatever reason, names another sleeper, whose bell rings once. So as long as
  anybody sleeps, there is a leader.
- Streams that have news are woken in a *chain*: each one that wakes rings for the next one before
  it does anything else. If all were woken at once, a thousand threads would fight for the
  interpreter's lock, and most of their time would go into that. A link that is slow to write delays
  nobody, since it has rung by then. A chain that broke nevertheless goes on with the next reading.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from dashboard_data.following.followed import FollowedStream

CHAINS = 2  # as many are under way at once: one runs while the other one is being scheduled


class Sleepers:
    """The streams whose threads sleep. Its owner's lock guards every call."""

    def __init__(self) -> None:
        self.leader: FollowedStream | None = None
        self._asleep: dict[FollowedStream, None] = {}  # the one that sleeps longest comes first
        self._curious: set[FollowedStream] = set()  # some of them
        self._called: deque[FollowedStream] = deque()

    def __iter__(self) -> Iterator[FollowedStream]:
        return iter(self._asleep)

    def lie_down(self, stream: FollowedStream) -> None:
        """Notes that the thread of this stream is about to wait for its bell."""
        self._asleep[stream] = None
        if stream.is_curious:
            self._curious.add(stream)
        if self.leader is None:
            self.leader = stream

    def call(self, streams: Iterable[FollowedStream]) -> None:
        """Begins to wake these streams, for which there is news, and those that are curious."""
        self.wake(dict.fromkeys([*streams, *self._curious]))

    def wake(self, streams: Iterable[FollowedStream]) -> None:
        """Begins to wake these streams."""
        for stream in streams:
            stream.called = True
            self._called.append(stream)
        for _ in range(CHAINS):
            self._ring_for_next()

    def get_up(self, stream: FollowedStream) -> None:
        """Notes that the thread of this stream is awake, because of its bell or the time."""
        if stream in self._asleep:
            self._take_out(stream)
        else:
            stream.bell.hush()
            self._ring_for_next()

    def leave(self, stream: FollowedStream) -> None:
        """Notes that the thread of this stream goes away to do something else."""
        if stream in self._asleep:  # its wait was interrupted
            self._take_out(stream)
        if self.leader is not stream:
            return
        self.leader = next(reversed(self._asleep), None)
        if self.leader is not None:
            self._wake(self.leader)

    def _ring_for_next(self) -> None:
        while self._called:
            stream = self._called.popleft()
            if stream in self._asleep:
                self._wake(stream)
                return

    def _wake(self, stream: FollowedStream) -> None:
        self._take_out(stream)
        stream.bell.ring()

    def _take_out(self, stream: FollowedStream) -> None:
        del self._asleep[stream]
        self._curious.discard(stream)
