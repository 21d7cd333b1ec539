"""The faults of a soak: kills of the service's processes, and outages of its table."""

import contextlib
import random
import threading
import time

import requests

from tests.support.dynamodb_proxy import failing, hanging, refusing, throttling

KILL_EVERY_S = 10
OUTAGE_EVERY_S = 30
OUTAGE_S = (2, 6)
FUNCTIONS = ("StreamFunction", "ApiFunction", "PublishFunction")
OUTAGES = {"refused": refusing, "hanging": hanging, "throttled": throttling, "500": failing}
# The table's stream is another service; the producer writes past all this.
SPARED = {"DescribeStream", "DescribeTable", "GetRecords", "GetShardIterator", "ListStreams"}


class Faults:
    """Kills and outages, in threads, from `__enter__` on. `outages`: (kind, began at, ended at).

    The oldest process of streams is spared, so that what grows in it can be seen.
    """

    def __init__(self, emulator, proxy, seed):
        self.kills = dict.fromkeys(FUNCTIONS, 0)
        self.outages = []
        self.veteran = None
        self._emulator = emulator
        self._proxy = proxy
        self._dice = random.Random(seed)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._kill, self._break)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def was_out(self, since, until, notice_s=6):
        """Whether an outage fell between two moments, or ended just before."""
        return any(
            began_at <= until and since <= ended_at + notice_s
            for _, began_at, ended_at in list(self.outages)
        )

    def _kill(self):
        number = 0
        while not self._over.wait(KILL_EVERY_S):
            # Each in turn; who is not running is passed over.
            for turn in range(len(FUNCTIONS)):
                name = FUNCTIONS[(number + turn) % len(FUNCTIONS)]
                if self._kills_one(name):
                    self.kills[name] += 1
                    number += turn + 1
                    break

    def _kills_one(self, name):
        try:
            return self._kill_one(name)
        except (OSError, ValueError):  # the emulator was too busy, or the process has just ended
            return False

    def _kill_one(self, name):
        living = [each["pid"] for each in self._emulator.environments(name) if each["pid"]]
        if name == "StreamFunction":
            if self.veteran not in living:
                self.veteran = living[0] if living else None
            living = [pid for pid in living if pid != self.veteran]
        if not living:
            return False
        self._emulator.kill_environment(self._dice.choice(living))
        return True

    def _break(self):
        kinds = []
        while not self._over.wait(OUTAGE_EVERY_S):
            kinds = kinds or self._dice.sample(sorted(OUTAGES), len(OUTAGES))
            kind = kinds.pop()
            outage = [kind, time.monotonic(), float("inf")]
            self.outages.append(outage)
            with self._proxy.fault(OUTAGES[kind], lambda each: each.operation not in SPARED):
                self._over.wait(self._dice.uniform(*OUTAGE_S))
            outage[2] = time.monotonic()


class Producer:
    """Writes items in a thread, at some pace. It keeps the numbers of written items by ticker."""

    def __init__(self, write, tickers, per_s, seed):
        self.written = 0
        self.failed = None
        self._write = write
        self._tickers = tickers
        self._per_s = per_s
        self._dice = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._produce, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self._over.set()
        self._thread.join(30)

    def _produce(self):
        try:
            while not self._over.is_set():
                count = self._dice.choice([1, 1, 1, 2, 5])  # 2 on average
                self._write(
                    [
                        (f"{self._dice.choice(self._tickers)}-{self.written + number}")
                        for number in range(count)
                    ]
                )
                self.written += count
                self._over.wait(self._dice.uniform(0.5, 1.5) * 2 / self._per_s)
        except Exception as error:
            self.failed = error
            raise


class Asker:
    """Asks the API all the time, as pages do. `statuses` counts the responses."""

    def __init__(self, url):
        self.statuses = {}
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(30)

    def _ask(self):
        while not self._over.wait(1):
            with contextlib.suppress(requests.RequestException):
                status = requests.get(f"{self._url}api/v2/metrics", timeout=20).status_code
                self.statuses[status] = self.statuses.get(status, 0) + 1
