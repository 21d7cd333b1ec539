"""One soak from its beginning to its verdict."""

import contextlib
import os
import time

from tests.support.waiting import eventually
from tests.system.soak.faults import Asker, Faults, Producer
from tests.system.soak.judging import Judge
from tests.system.soak.logs import LogReader
from tests.system.soak.processes import Watched
from tests.system.soak.service import LEASE_S, TICKERS, say_goodbye, viewers_of
from tests.system.soak.viewers import Viewers

ITEMS_PER_S = 2
OPENED_WITHIN_S = 15
SAMPLE_EVERY_S = 5
# contract.md: 4 s and 15 s. A machine that does everything at once is late now and then.
BYTE_GAP_S = 15
EVENT_GAP_S = 25
CALM_WITHIN_S = 180
# With more processes than that waiting for each core, other work has the machine, and what comes
# late is noted instead of judged.
BUSY = 3


class Soak:
    """`failures` are sentences; without any the soak has passed."""

    def __init__(self, service, *, streams, seconds, life_s, seed, tell):
        self.service = service
        self.streams = streams
        self.seconds = seconds
        self.life_s = life_s
        self.failures = []
        self.viewers = viewers_of(service, streams)
        self.crowd = Viewers(self.viewers, OPENED_WITHIN_S, seed)
        self.faults = Faults(service.emulator, service.proxy, seed)
        self.producer = Producer(service.write, TICKERS, ITEMS_PER_S, seed)
        self.asker = Asker(service.emulator.dashboard_url)
        self.judge = Judge(service.dynamodb, service.emulator.table)
        self.logs = LogReader()
        self.emulator = Watched("emulator")
        self.table = Watched("table")
        self.veteran = Watched("oldest stream process")
        self.worst_byte_gap_s = self.worst_event_gap_s = 0.0
        self.late_on_a_busy_machine = 0
        self.began_at = self.ended_at = time.monotonic()
        self._tell = tell

    def run(self):
        """Runs all of it. Raises KeyboardInterrupt when the user ends it."""
        with self.crowd:
            everybody = "all streams open"
            self._wait(everybody, lambda: self.crowd.live == self.streams, 180)
            self.began_at = time.monotonic()
            with self.asker, self.producer, self.faults:
                self._go_on()
            self.ended_at = time.monotonic()
            self._come_to_rest()
            say_goodbye(self.service, self.viewers)
        self._check_slots()
        self._check_all()

    def _go_on(self):
        minute = 1
        while (elapsed_s := time.monotonic() - self.began_at) < self.seconds:
            self.sample()
            if elapsed_s >= 60 * minute:
                self.look()
                self._tell(self, minute)
                minute += 1
            time.sleep(min(SAMPLE_EVERY_S, max(0, self.seconds - elapsed_s)))

    def sample(self):
        self.emulator.sample(self.service.emulator.pid)
        self.table.sample(self.service.moto_pid)
        self.veteran.sample(self.faults.veteran)

    def look(self):
        """Judges what has happened since the last time."""
        self.judge.judge(self.viewers)
        self.logs.read(self.service.emulator.log)
        for viewer in self.viewers:
            self._look_at_gaps(viewer)
            for sentence in viewer.broken:
                self._fail(f"client {viewer.number}: {sentence}")
            viewer.broken.clear()
            if viewer.resets:
                self._fail(f"client {viewer.number} was reset {viewer.resets} times")
                viewer.resets = 0

    def _look_at_gaps(self, viewer):
        for _, gap_s in _taken(viewer.byte_gaps.noted):
            self.worst_byte_gap_s = max(self.worst_byte_gap_s, gap_s)
            if gap_s > BYTE_GAP_S:
                self._note_late(f"client {viewer.number} got no byte for {gap_s:.1f} s")
        for since, gap_s in _taken(viewer.event_gaps.noted):
            if self.faults.was_out(since, since + gap_s):
                continue  # contract.md: comments only
            self.worst_event_gap_s = max(self.worst_event_gap_s, gap_s)
            if gap_s > EVENT_GAP_S:
                self._note_late(f"client {viewer.number} got no event for {gap_s:.1f} s")

    def _note_late(self, sentence):
        if os.getloadavg()[0] > BUSY * (os.cpu_count() or 1):
            self.late_on_a_busy_machine += 1
        else:
            self._fail(sentence)

    def _come_to_rest(self):
        """No faults and no new items any more: everybody gets the rest, and all counts are true."""
        self.crowd.is_calm = True
        self._wait("every written item published", self._is_all_published, CALM_WITHIN_S)
        self._wait("everybody has every item", self._has_everybody_all, CALM_WITHIN_S)
        self._wait("all streams open again", lambda: self.crowd.live == self.streams, CALM_WITHIN_S)
        self._wait(
            "a true number of open streams", self._is_count_true, self.life_s + CALM_WITHIN_S
        )
        self.look()

    def _is_all_published(self):
        time.sleep(0.5)
        self.judge.read()
        return len(self.judge.order) >= self.producer.written

    def _has_everybody_all(self):
        time.sleep(0.5)
        return self.judge.behind(self.viewers) == 0

    def _is_count_true(self):
        time.sleep(1)
        with contextlib.suppress(Exception):
            told = {each.last["heartbeat"]["connections"] for each in self.viewers}
            return self.service.status()["connections"] == self.streams and self.streams in told
        return False

    def _check_slots(self):
        def all_free():
            time.sleep(1)
            return self.service.status()["connections"] == 0

        # A client that came back while it was sent away holds its slot for a life.
        self._wait("all slots free", all_free, 1.2 * self.life_s + 3 * LEASE_S)

    def _check_all(self):
        if self.producer.failed:
            self._fail(f"the producer failed: {self.producer.failed!r}")
        if len(self.judge.order) != len(set(self.judge.order)):
            self._fail("an item was published twice")
        for what in ("lost", "doubled", "disordered"):
            if count := getattr(self.judge, what):
                self._fail(f"{count} {what}: " + "; ".join(self.judge.sentences[:5]))
        for line, count in self.logs.unexpected.items():
            self._fail(f"in the log, {count} times: {line}")
        for watched in (self.emulator, self.veteran):
            if watched.seconds >= self.seconds / 2:
                self.failures += watched.leaks()
        if not sum(self.faults.kills.values()):
            self._fail("nothing was killed")

    def _wait(self, what, condition, within_s):
        try:
            eventually(condition, within_s, retry_on=(OSError, ValueError, KeyError))
        except AssertionError as error:
            self._fail(f"not within {within_s:.0f} s: {what} ({error})")

    def _fail(self, sentence):
        if len(self.failures) < 100:
            self.failures.append(sentence)


def _taken(noted):
    """Removes and returns what was noted, while another thread goes on noting."""
    count = len(noted)
    taken = noted[:count]
    del noted[:count]
    return taken
