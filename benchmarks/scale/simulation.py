"""Plays a scenario second by second: who comes, who is served, and what each partition takes.

Theory of operation. Time is in whole seconds. Viewers are groups that move together, at most
GROUPS of them, so that a million take no longer than ten thousand. In each second:

- the planned ends of streams, and viewers who come and go at random (Poisson), make attempts to
  open a stream; so does everybody who was denied before, after a growing random pause;
- an attempt passes the front (a token bucket), the account's concurrency and the rate at which new
  execution environments are made, a free slot, and then the table. If a partition's limit is
  passed, each of its users gets an equal part of it, and the other attempts are denied;
- polls, renewals, counts and surveys of what is open are added up.

A burst that DynamoDB may allow for some minutes is not counted on.
"""

from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import NamedTuple

from benchmarks.cost.units import LEASE_S, STATE_READS, SURVEY_S, Units
from benchmarks.scale.load import (
    CONNECTIONS,
    KEYS,
    METRICS,
    Load,
    idle,
    items,
    of_ending,
    of_opening,
    of_survey,
)
from benchmarks.scale.quotas import PARTITION_READS, PARTITION_WRITES
from benchmarks.scale.scenarios import STORM, Scenario

GROUPS = 10_000
SPREAD = 0.2  # a stream's life varies by this part
OPENING_RETRY_S = (0.2, 8.0)  # contract.md: after a connection that broke
CLOSING_RETRY_S = (0.1, 1.5)  # after a planned end
DENIED_RETRY_S = (1.0, 5.0)  # the first pause; it doubles
LONGEST_RETRY_S = 30.0
MOST_DOUBLINGS = 8
GRACE_S = 3  # after which a survey takes an expired lifeline for dead


@dataclass
class Seen:
    """The load on one partition: all units that were asked for, second by second."""

    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)

    def add(self, units: Units) -> None:
        self.reads.append(units.reads)
        self.writes.append(units.writes)


@dataclass
class Played:
    """How a scenario went.

    `opened_s`: when streams were opened; `served_s`: when those who came back from a storm got
    their first one. One for each group, which stands for `weight` viewers.
    `crossed`: for each limit that was passed, the first second and how many there were.
    """

    scenario: Scenario
    weight: float
    seen: dict[str, Seen]
    opened_s: list[int]
    served_s: list[int]
    crossed: dict[str, tuple[int, int]]
    denied: int = 0
    open_at_end: float = 0

    def peak(self, key: str) -> Units:
        return Units(max(self.seen[key].reads), max(self.seen[key].writes))

    def mean(self, key: str) -> Units:
        seconds = len(self.seen[key].reads)
        return Units(sum(self.seen[key].reads) / seconds, sum(self.seen[key].writes) / seconds)

    def served_by_s(self, share: float) -> int | None:
        """Returns after how many seconds this share of viewers had a stream; None: never."""
        needed = ceil(self.scenario.viewers / self.weight * share)
        if len(self.served_s) < needed:
            return None
        return sorted(self.served_s)[needed - 1] + 1


class Attempt(NamedTuple):
    """A try to open a stream. `denied`: how often so far; `is_first`: since a storm."""

    denied: int = 0
    is_first: bool = False


class _Bucket:
    """A token bucket: `rate` a second, at most `burst`."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self.tokens = burst

    def refill(self) -> None:
        self.tokens = min(self._burst, self.tokens + self._rate)


class _Play:
    def __init__(self, scenario: Scenario, random: Random) -> None:
        self.scenario = scenario
        self.design = scenario.design
        self.random = random
        self.weight = max(1.0, scenario.viewers / GROUPS)
        groups = round(scenario.viewers / self.weight)
        self.open = 0  # groups
        self.ends = [0] * (scenario.seconds + 1)
        self.attempts: list[list[Attempt]] = [[] for _ in range(scenario.seconds + 1)]
        quotas = scenario.quotas
        self.front = _Bucket(quotas.front_rate, quotas.front_burst)
        self.environments = _Bucket(quotas.environments / 10, quotas.environments)
        self.warm = 0.0  # environments that are there, busy or not
        self.dead_slots = 0.0
        self.played = Played(scenario, self.weight, {key: Seen() for key in KEYS}, [], [], {})
        if scenario.kind == STORM:
            self.dead_slots = scenario.viewers
            for _ in range(groups):
                self.come_back(0, OPENING_RETRY_S, Attempt(is_first=True))
        else:
            self.warm = scenario.viewers
            for _ in range(groups):
                self.begin(0, random.uniform(0, self.design.life_s))

    @property
    def streams(self) -> float:
        return self.open * self.weight

    def begin(self, now_s: int, life_s: float) -> None:
        self.open += 1
        at_s = now_s + max(1, round(life_s))
        if at_s < len(self.ends):
            self.ends[at_s] += 1

    def life_s(self) -> float:
        return self.design.life_s * self.random.uniform(1 - SPREAD, 1 + SPREAD)

    def come_back(self, now_s: float, pause_s: tuple[float, float], attempt: Attempt) -> None:
        pause = self.random.uniform(*pause_s) * 2**attempt.denied
        at_s = int(now_s + min(LONGEST_RETRY_S, pause))
        if at_s < len(self.attempts):
            self.attempts[at_s].append(attempt)

    def second(self, now_s: int) -> None:
        ended = self.ends[now_s]
        self.open -= ended
        for _ in range(ended):
            self.come_back(now_s, CLOSING_RETRY_S, Attempt())
        self.visitors(now_s)
        arrived = self.attempts[now_s]
        base = self.background(now_s, ended)
        each = of_opening(self.design, self.streams)
        weighted = {key: units.times(self.weight) for key, units in each.items()}
        passed = self.before_the_table(now_s, len(arrived))
        served = self.through_the_table(base, weighted, passed)
        self.note(now_s, base, weighted, passed)
        self.random.shuffle(arrived)
        for attempt in arrived[:served]:
            self.begin(now_s, self.life_s())
            self.played.opened_s.append(now_s)
            if attempt.is_first:
                self.played.served_s.append(now_s)
        for attempt in arrived[served:]:
            self.played.denied += 1
            again = attempt._replace(denied=min(attempt.denied + 1, MOST_DOUBLINGS))
            self.come_back(now_s, DENIED_RETRY_S, again)

    def visitors(self, now_s: int) -> None:
        """Viewers leave and others come, as many on average, at random."""
        if self.scenario.kind == STORM:
            return
        rate = self.scenario.viewers / self.weight / self.scenario.visit_s
        for _ in range(_poisson(self.random, rate)):
            self.attempts[now_s].append(Attempt())
        self.open -= min(self.open, _poisson(self.random, rate))

    def before_the_table(self, now_s: int, arrived: int) -> int:
        """Returns how many groups pass the front, the concurrency and the slots."""
        self.front.refill()
        self.environments.refill()
        if self.dead_slots and now_s >= LEASE_S + GRACE_S and now_s % SURVEY_S == 0:
            self.dead_slots = 0
        passed = self.bounded(now_s, "front", arrived, self.front.tokens)
        self.front.tokens -= passed * self.weight
        if self.design.streams_of_process == 1:
            room = self.scenario.quotas.concurrency - self.streams
            passed = self.bounded(now_s, "concurrency", passed, room)
            there = max(0, self.warm - self.streams) + self.environments.tokens
            passed = self.bounded(now_s, "new environments", passed, there)
            new = max(0, self.streams + passed * self.weight - self.warm)
            self.environments.tokens -= new
            self.warm += new
        free = self.scenario.slots - self.streams - self.dead_slots
        return self.bounded(now_s, "slots", passed, free)

    def bounded(self, now_s: int, name: str, wanted: int, tokens: float) -> int:
        allowed = min(wanted, int(max(0, tokens) / self.weight))
        if allowed < wanted:
            self.cross(name, now_s)
        return allowed

    def background(self, now_s: int, ended: int) -> Load:
        """Returns what is taken besides openings."""
        streams = self.streams
        of_items = items(self.design, streams)
        load = {key: units + of_items[key] for key, units in idle(self.design, streams).items()}
        load[CONNECTIONS] += of_ending(self.design).times(ended * self.weight)
        if self.scenario.kind == STORM and now_s == 0 and self.design.shares:
            new = self.design.processes(self.scenario.viewers)
            load[METRICS] += Units(reads=STATE_READS * new)  # by the first stream of each
        if streams and now_s % SURVEY_S == 0:
            load[CONNECTIONS] += of_survey(self.design, streams)
        return load

    def through_the_table(self, base: Load, each: Load, wanted: int) -> int:
        """Returns how many groups are served: all, or the part that the busiest key allows."""
        part = 1.0
        for key in KEYS:
            total = base[key] + each[key].times(wanted)
            if each[key].reads and total.reads:
                part = min(part, PARTITION_READS / total.reads)
            if each[key].writes and total.writes:
                part = min(part, PARTITION_WRITES / total.writes)
        if part >= 1:
            return wanted
        whole = wanted * part
        return int(whole) + (self.random.random() < whole % 1)

    def note(self, now_s: int, base: Load, each: Load, wanted: int) -> None:
        for key in KEYS:
            total = base[key] + each[key].times(wanted)
            self.played.seen[key].add(total)
            if total.reads > PARTITION_READS:
                self.cross(f"{key}, reads", now_s)
            if total.writes > PARTITION_WRITES:
                self.cross(f"{key}, writes", now_s)

    def cross(self, name: str, now_s: int) -> None:
        first, seconds = self.played.crossed.get(name, (now_s, 0))
        self.played.crossed[name] = (first, seconds + 1)


def _poisson(random: Random, mean: float) -> int:
    """Draws how often something happens in a second that happens `mean` times on average."""
    count = 0
    waited = random.expovariate(1) if mean > 0 else 1
    while waited < mean:
        count += 1
        waited += random.expovariate(1)
    return count


def play(scenario: Scenario, seed: int = 1) -> Played:
    """Returns how the scenario went. The same seed gives the same."""
    playing = _Play(scenario, Random(seed))
    for now_s in range(scenario.seconds):
        playing.second(now_s)
    playing.played.open_at_end = playing.streams
    return playing.played
