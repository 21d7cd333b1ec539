"""Prints what a month costs under the assumptions that the arguments name.

    python -m benchmarks.cost --viewers 100 --hours-a-day 8 --days 22
    python -m benchmarks.cost --mode managed-instances --instances 3 --json
    python -m benchmarks.cost --plot cost.svg

Needs no library. The plot is an SVG that is written as text.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields

from benchmarks.cost.arguments import parser
from benchmarks.cost.capacity import streams_of_a_process
from benchmarks.cost.measured import measured
from benchmarks.cost.model import Assumptions, Bill, on_instances, ours, standard
from benchmarks.cost.peers import Peers, all_ways, break_even, fargate
from benchmarks.cost.pictures import cost_picture
from benchmarks.cost.prices import AS_OF, PRICES
from benchmarks.cost.tables import document, money

CPU_MB = 1_769  # memory with which a function has one whole core


def assumptions(given: argparse.Namespace) -> Assumptions:
    """Returns what the arguments name. Raises ValueError for results that cannot be read."""
    names = {each.name for each in fields(Assumptions)} - {"measured"}
    values = {name: getattr(given, name) for name in names}
    return Assumptions(**values, measured=measured(given.results))


def peer_settings(given: argparse.Namespace) -> Peers:
    """Returns the settings of the other ways that the arguments name."""
    names = {each.name for each in fields(Peers)} - {"machine"}
    return Peers(**{name: getattr(given, name) for name in names})


def _container(peers: Peers) -> Callable[[Assumptions], Bill]:
    return lambda a: fargate(a, peers)


def _printed(bill: Bill) -> str:
    lines = [f"{bill.name}: {money(bill.total)} a month"]
    lines += [f"    {money(dollars):>10}  {name}" for name, dollars in bill.lines.items()]
    return "\n".join(lines)


def report(a: Assumptions, peers: Peers) -> str:
    """Returns the table for people."""
    idle = a.measured.idle_ms_a_second
    share = idle / (1_000 * a.memory_mb / CPU_MB) * 100
    lines = [
        f"{a.viewers} viewers, {a.hours:.0f} hours of a month, list prices as of {AS_OF}",
        f"measured inputs: {a.measured.source}",
        f"an idle stream uses {idle:g} ms of CPU a second: {share:.1f} % of {a.memory_mb} MB",
        f"a process of 2 GB could hold {streams_of_a_process(a):,} streams",
        "",
        _printed(ours(a)),
        "",
        "the same audience otherwise, a month:",
        *(f"    {money(bill.total):>10}  {bill.name}" for bill in all_ways(a, peers)),
        "",
        "from so many viewers on, standard Lambda is dearer than",
        f"    {break_even(standard, _container(peers), a)}: a container with a load balancer",
        f"    {break_even(standard, on_instances, a)}: {a.instances} managed instances",
    ]
    return "\n".join(lines)


def as_json(a: Assumptions, peers: Peers) -> str:
    """Returns the same for machines; amounts are dollars a month."""
    bills = [ours(a), *all_ways(a, peers)]
    found = {
        "assumptions": asdict(a),
        "other_ways": asdict(peers),
        "prices": {name: each._asdict() for name, each in PRICES.items()},
        "ours": {"name": bills[0].name, "total": bills[0].total, "lines": bills[0].lines},
        "ways": {bill.name: {"total": bill.total, "lines": bill.lines} for bill in bills[1:]},
        "streams_a_process_could_hold": streams_of_a_process(a),
        "break_even_viewers": {
            "container": break_even(standard, _container(peers), a),
            "managed instances": break_even(standard, on_instances, a),
        },
    }
    return json.dumps(found, indent=2)


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser(__doc__).parse_args(arguments)
    try:
        a = assumptions(given)
        peers = peer_settings(given)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if given.plot:
        given.plot.write_text(cost_picture(a, peers), "utf-8")
    if given.document:
        print(document())
    elif given.json:
        print(as_json(a, peers))
    elif not given.plot:
        print(report(a, peers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
