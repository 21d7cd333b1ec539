"""Viewers of streams in this process, and the time that passes while they watch."""

from event_stream import Decoder


class Viewer:
    """An EventSource over the functions in this process, with the clock of the test."""

    def __init__(self, service, address):
        self.service = service
        self.address = address
        self.events = []  # with the time of each
        self.bytes_at = []
        self.last_event_id = ""
        self.retry_ms = 3_000
        self.retries = []
        self.opens_at = 0.0
        self.stream = None

    def step(self):
        """Opens the stream if it is time, or reads one piece of it."""
        now = self.service.clock()
        if self.stream is None:
            if now >= self.opens_at:
                self._open()
            return
        try:
            self.events += [(self.service.clock(), event) for event in self.stream.pull()]
        except StopIteration:
            self._end()
            return
        if self.stream.pieces[-1]:
            self.bytes_at.append(self.service.clock())

    def _open(self):
        position = {"last_event_id": self.last_event_id} if self.last_event_id else {}
        self.stream = self.service.stream(address=self.address, **position)
        assert self.stream.status == 200, self.stream.result
        self.stream.decoder = Decoder(last_event_id=self.last_event_id)

    def _end(self):
        decoder = self.stream.decoder
        self.last_event_id = decoder.last_event_id
        self.retry_ms = decoder.retry_ms if decoder.retry_ms is not None else self.retry_ms
        self.retries.append((self.service.clock(), self.retry_ms))
        self.opens_at = self.service.clock() + self.retry_ms / 1000
        self.stream = None

    def items(self):
        return [event.data for _, event in self.events if event.type == "new_item"]

    def types_between(self, start, end):
        return [event.type for at, event in self.events if start < at <= end]


def run(viewers, clock, seconds, meanwhile=lambda: None):
    until = clock() + seconds
    while clock() < until:
        for viewer in viewers:
            viewer.step()
        if all(viewer.stream is None for viewer in viewers):
            clock.advance(0.25)
        meanwhile()
