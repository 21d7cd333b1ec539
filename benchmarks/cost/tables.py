"""The tables of docs/cost.md that are nothing but figures, as rows of cells.

`python -m benchmarks.cost --document` prints them, and a test compares them with the page. Amounts
below 10 cents have two digits, those below $10 cents, larger ones dollars.
"""

from collections.abc import Callable
from dataclasses import replace
from math import floor, log10

from benchmarks.cost.model import (
    TABLE,
    Assumptions,
    Bill,
    data_out,
    gb_hour,
    on_instances,
    standard,
)
from benchmarks.cost.peers import Peers, adapter, ec2, fargate, heavy, polling
from benchmarks.cost.prices import MONTH_H
from benchmarks.cost.units import (
    HEARTBEAT_S,
    POLL_S,
    RENEW_S,
    SURVEY_S,
    count,
    monthly,
    poll,
    renewal,
    rotation,
    survey,
)

Rows = list[list[str]]
OFFICE = {"hours_a_day": 8, "days": 22}


def money(dollars: float) -> str:
    """Writes an amount as the document rounds it."""
    if dollars >= 10:
        return f"${dollars:,.0f}"
    if dollars >= 0.1 or not dollars:
        return f"${dollars:.2f}"
    return f"${dollars:.{1 - floor(log10(dollars))}f}"


def one_stream() -> Rows:
    """Lambda's bill for one stream."""
    settings = [("arm64", 128), ("x86_64", 128), ("arm64", 1_024)]
    rows = []
    for architecture, memory in settings:
        hour = gb_hour(memory, architecture)
        rows.append([f"{architecture}, {memory:,} MB", money(hour), money(hour * MONTH_H)])
    return rows


def beside() -> Rows:
    """All else that one stream costs, always on and in an environment of its own."""
    a = Assumptions()
    own = {
        "the poll of the table": poll().times(monthly(POLL_S)).dollars,
        "renewals of the lease": renewal().times(monthly(RENEW_S)).dollars,
        "counts for its heartbeats": count(a.served).times(monthly(HEARTBEAT_S)).dollars,
        "ends and new beginnings": rotation(a.served).times(monthly(a.life_s)).dollars,
        "its part of the surveys": survey(100, 100).times(monthly(SURVEY_S) / 100).dollars,
    }
    bill = standard(replace(a, viewers=1))
    rows = [[name, money(dollars)] for name, dollars in own.items()]
    rows.append(["together", money(sum(own.values()))])
    rows.append(["log lines and requests", money(bill.of("logs", "requests"))])
    rows.append(["heartbeats and metrics sent", money(data_out(replace(a, viewers=1), items=0))])
    million = data_out(replace(a, viewers=1), items=1e6) - data_out(replace(a, viewers=1), items=0)
    rows.append(["a million items sent, each with metrics", money(million)])
    return rows


def _audience(viewers: int, around_the_clock: bool) -> tuple[str, Assumptions]:
    a = Assumptions(viewers=viewers)
    if around_the_clock:
        return "around the clock", a
    return "8 h on 22 days", replace(a, hours_a_day=OFFICE["hours_a_day"], days=OFFICE["days"])


def _parts(bill: Bill) -> list[str]:
    other = bill.of("requests", "logs", "data out")
    return [money(bill.lines["compute"]), money(bill.of(*TABLE)), money(other), money(bill.total)]


def audiences() -> Rows:
    """How many viewers, and how long."""
    rows = []
    for viewers, always in ((5, False), (20, False), (20, True), (100, False), (100, True)):
        label, a = _audience(viewers, always)
        rows.append([str(viewers), label, "standard", *_parts(standard(a))])
    for viewers, instances in ((100, 3), (100, 2), (1_000, 3)):
        a = replace(Assumptions(instances=instances), viewers=viewers, limit=viewers)
        bill = on_instances(a)
        mode = bill.name.removeprefix("managed instances, ")
        rows.append([f"{viewers:,}", "around the clock", mode, *_parts(bill)])
    return rows


def instead() -> Rows:
    """The same hundred viewers around the clock, in other ways."""
    a = Assumptions()
    ways: list[Bill] = [
        fargate(a),
        ec2(a),
        polling(a),
        adapter(a),
        adapter(a, Peers(adapter_memory_mb=512)),
        heavy(a),
    ]
    return [[bill.name, money(bill.total)] for bill in ways]


def abandoned() -> Rows:
    """By how many per cent streams cost more if viewers leave without a goodbye."""
    rows = []
    for minutes in (1, 10, 480):
        cells = [f"{minutes} min"]
        for share, after_s in ((0.1, 120), (1, 120), (1, 450)):
            left = Assumptions(visit_minutes=minutes, abandoned=share, abandoned_s=after_s)
            cells.append(f"{(left.billed_hours / left.hours - 1) * 100:.1f} %")
        rows.append(cells)
    return rows


TABLES: dict[str, tuple[list[str], Callable[[], Rows]]] = {
    "What Lambda bills": (["memory", "an hour", "always on, a month"], one_stream),
    "What else it costs": (["", "a month"], beside),
    "How many viewers, how long": (
        ["viewers", "on for", "mode", "Lambda", "table", "requests, logs, data", "a month"],
        audiences,
    ),
    "Other ways": (["instead", "100 viewers around the clock, a month"], instead),
    "Without a goodbye": (
        ["a visit lasts", "1 of 10, 120 s", "all, 120 s", "all, 450 s"],
        abandoned,
    ),
}


def markdown(heading: list[str], rows: Rows) -> str:
    """Returns the table as the document has it."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace("|  |", "| |")


def document() -> str:
    """Returns all tables with their headings, as Markdown."""
    parts = [
        f"### {title}\n\n{markdown(heading, rows())}" for title, (heading, rows) in TABLES.items()
    ]
    return "\n".join(parts)
