"""How much is a month of the service, line by line, under given assumptions?"""

from dataclasses import dataclass, field, replace
from math import ceil

from benchmarks.cost.measured import Measured
from benchmarks.cost.prices import GB, MONTH_H, MONTH_S, price
from benchmarks.cost.units import SURVEY_S, monthly, process_month, rotation, survey

DAYS = MONTH_H / 24
LOG_BYTES = 1_500  # each stream logs two lines, and its metrics
STANDARD = "standard"
INSTANCES = "managed-instances"


@dataclass(frozen=True)
class Assumptions:
    """The audience, the items, and the settings of the stream function.

    `viewers` are on at the same time, `hours_a_day` on `days` of a month. `abandoned`: the share of
    visits of `visit_minutes` that end without a goodbye; each is billed `abandoned_s` longer (None:
    half a stream's life). `signed_in`: the share of viewers with a stream of a configuration.
    `idle_bytes_a_second`: heartbeats, and all metrics once in 55 s; `metrics_bytes`: the event that
    follows each item, unless several come in a second.
    `instances`: the fewest that run; more are added for more than `streams_of_process` viewers
    each, the template's `PerExecutionEnvironmentMaxConcurrency`.
    """

    viewers: int = 100
    hours_a_day: float = 24
    days: float = DAYS
    items_a_day: float = 1_000
    memory_mb: int = 128
    architecture: str = "arm64"
    life_s: float = 240
    mode: str = STANDARD
    instances: int = 3
    instance: str = "c7g.large"
    streams_of_process: int = 64
    limit: int = 100
    signed_in: float = 0
    rest_api: bool = False
    idle_bytes_a_second: float = 50
    metrics_bytes: float = 600
    visit_minutes: float = 480
    abandoned: float = 0
    abandoned_s: float | None = None
    measured: Measured = field(default_factory=Measured)

    def with_viewers(self, viewers: int, limit: int | None = None) -> "Assumptions":
        """Returns the same with another audience, and a limit that lets all of it in."""
        return replace(self, viewers=viewers, limit=limit or max(self.limit, viewers))

    @property
    def hours(self) -> float:
        """Hours of a month in which the viewers are on."""
        return self.hours_a_day * self.days

    @property
    def billed_hours(self) -> float:
        """Hours of a month in which a viewer's stream is open, gone or not."""
        after_s = self.life_s / 2 if self.abandoned_s is None else self.abandoned_s
        visits = self.hours * 60 / self.visit_minutes
        return self.hours + visits * self.abandoned * after_s / 3_600

    @property
    def month_share(self) -> float:
        """The part of a month in which streams are open: 1 is around the clock."""
        return self.billed_hours / MONTH_H

    @property
    def served(self) -> int:
        """Viewers who have a stream; the others are refused."""
        return min(self.viewers, self.limit)

    @property
    def streams(self) -> float:
        """Streams that are open on average over the month."""
        return self.served * self.month_share

    @property
    def openings(self) -> float:
        """Streams that begin in a month."""
        return self.streams * MONTH_S / self.life_s


@dataclass(frozen=True)
class Bill:
    """Dollars a month by line."""

    name: str
    lines: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.lines.values())

    def of(self, *names: str) -> float:
        """Returns the sum of these lines."""
        return sum(self.lines[name] for name in names)


TABLE = ("polls, renewals, counts", "ends and beginnings", "surveys")


def gb_hour(memory_mb: int, architecture: str) -> float:
    """Returns dollars for an hour of a function with this memory."""
    return memory_mb / 1_024 * 3_600 * price(f"lambda {architecture}")


def instance_month(instance: str) -> float:
    """Returns dollars for a month of one managed instance, with Lambda's fee."""
    return price(instance) * MONTH_H * (1 + price("managed instances fee"))


def data_out(a: Assumptions, items: float | None = None) -> float:
    """Returns dollars for what the streams send: items with metrics to each viewer, heartbeats."""
    each = a.measured.event_bytes + a.metrics_bytes
    of_items = (a.items_a_day * DAYS if items is None else items) * each
    idle = a.idle_bytes_a_second * MONTH_S
    return a.streams * (of_items + idle) / GB * price("data out")


def _table(a: Assumptions, processes: float) -> dict[str, float]:
    """`processes`: those that are alive, on average over the month."""
    here = a.streams / processes
    alone = here <= 1
    units = process_month(a.served, here, idle_units=a.measured.idle_poll_read_units)
    # Session and configuration are followed by a signed-in stream: one read unit a second.
    followed = a.streams * a.signed_in * MONTH_S * price("read unit")
    each_survey = survey(a.served, min(processes, a.served))
    surveys = each_survey.times(monthly(SURVEY_S) * min(1, a.month_share))
    each = rotation(a.served, alone=alone)
    of_users = rotation(a.served, user=True, alone=alone)
    turns = each.dollars * (1 - a.signed_in) + of_users.dollars * a.signed_in
    return {
        TABLE[0]: units.dollars * processes + followed,
        TABLE[1]: turns * a.openings,
        TABLE[2]: surveys.dollars,
    }


def _around(a: Assumptions) -> dict[str, float]:
    requests = price("lambda request")
    if a.rest_api:
        requests += price("rest api request")
    return {
        "requests": a.openings * requests,
        "logs": a.openings * LOG_BYTES / GB * price("logs"),
        "data out": data_out(a),
    }


def standard(a: Assumptions) -> Bill:
    """The service on standard Lambda: each stream has an execution environment of its own."""
    streams = a.streams * MONTH_H * gb_hour(a.memory_mb, a.architecture)
    name = f"standard, {a.architecture}, {a.memory_mb:,} MB"
    return Bill(name, {"compute": streams} | _table(a, a.streams) | _around(a))


def instances_of(a: Assumptions) -> int:
    """Returns how many managed instances are needed, each with one process of the function.

    Two processes of 2 GB do not fit beside the system into the 4 GB of a `c7g.large`.
    """
    return max(a.instances, ceil(a.served / a.streams_of_process))


def on_instances(a: Assumptions) -> Bill:
    """The service on managed instances, which are billed all the month; streams share a process."""
    instances = instances_of(a)
    compute = instances * instance_month(a.instance)
    name = f"managed instances, {instances} {a.instance}"
    # A process without streams reads nothing.
    reading = instances * min(1, a.month_share)
    return Bill(name, {"compute": compute} | _table(a, reading) | _around(a))


def ours(a: Assumptions) -> Bill:
    """The service in the mode that the assumptions name. Raises ValueError for another one."""
    if a.mode not in (STANDARD, INSTANCES):
        raise ValueError(f"no such mode: {a.mode}")
    return standard(a) if a.mode == STANDARD else on_instances(a)
