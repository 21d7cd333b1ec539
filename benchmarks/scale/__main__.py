"""Plays many viewers against the limits of DynamoDB and Lambda, and prints what is passed first.

    python -m benchmarks.scale
    python -m benchmarks.scale --viewers 25000 --streams-of-process 500 --kind storm
    python -m benchmarks.scale --json --seed 2
    python -m benchmarks.scale --plot scale.svg

Needs no library, and takes seconds. Nothing is sent anywhere. The plot is an SVG that is written
as text.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cost.arguments import number, whole
from benchmarks.scale.load import KEYS, Design, most_streams
from benchmarks.scale.pictures import scale_picture
from benchmarks.scale.quotas import function_url, rest_api
from benchmarks.scale.scenarios import STEADY, STORM, Scenario, all_scenarios
from benchmarks.scale.simulation import Played, play
from benchmarks.scale.tables import document

MANY = 10_000_000


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("--viewers", type=whole(1, MANY), help="play one scenario with so many")
    add("--kind", choices=(STEADY, STORM), default=STEADY, help="storm: all processes die first")
    add("--streams-of-process", type=whole(1, 1_600), default=1, help="1 is standard Lambda")
    add("--life-s", type=number(5, 900), default=240, help="seconds that a stream lives")
    add("--batches-a-second", type=number(0, 1_000), default=0.5, help="of new items")
    add(
        "--limit", type=whole(1, MANY), help="MaxConnections (default: more than twice the viewers)"
    )
    add("--concurrency", type=whole(1, MANY), default=1_000, help="the account's")
    add("--rest-api", action="store_true", help="streams pass through the REST API")
    add("--seconds", type=whole(1, 86_400), default=300, help="that are played")
    add("--lease-shards", type=whole(1, 100_000), default=1, help="not built: keys of the slots")
    add("--feed-copies", type=whole(1, 100_000), default=1, help="not built: copies of the head")
    add("--seed", type=int, default=1, help="of the random numbers")
    add("--json", action="store_true", help="print JSON")
    add("--document", action="store_true", help="print the tables of docs/scale.md")
    add("--plot", type=Path, metavar="FILE", help="write the load by viewers as an SVG")
    return found


def scenarios(given: argparse.Namespace) -> list[Scenario]:
    """Returns the scenario that the arguments name, or those of the page."""
    if given.viewers is None:
        return all_scenarios()
    design = Design(
        streams_of_process=given.streams_of_process,
        life_s=given.life_s,
        batches_a_second=given.batches_a_second,
        lease_shards=given.lease_shards,
        feed_copies=given.feed_copies,
    )
    quotas = rest_api if given.rest_api else function_url
    return [
        Scenario(
            f"{given.viewers:,}, {given.kind}",
            given.viewers,
            design,
            given.kind,
            quotas(given.concurrency),
            seconds=given.seconds,
            limit=given.limit,
        )
    ]


def as_data(played: Played) -> dict[str, object]:
    """Returns what happened, for machines. Units are those of a second."""
    most, key = most_streams(played.scenario.design)
    units = {
        name: {
            "peak": {"reads": played.peak(name).reads, "writes": played.peak(name).writes},
            "mean": {"reads": played.mean(name).reads, "writes": played.mean(name).writes},
        }
        for name in KEYS
    }
    return {
        "scenario": played.scenario.name,
        "units": units,
        "passed": {
            name: {"first_s": first, "seconds": count}
            for name, (first, count) in played.crossed.items()
        },
        "denied": round(played.denied * played.weight),
        "open_at_end": round(played.open_at_end),
        "served_s": {share: played.served_by_s(share) for share in (0.5, 0.99, 1)},
        "most_viewers": {"viewers": most, "then": key},
    }


def printed(played: Played) -> str:
    """Returns what happened, for people."""
    lines = [played.scenario.name, f"    {'':24}{'reads: mean':>14}{'peak':>12}"]
    lines[-1] += f"{'writes: mean':>16}{'peak':>12}"
    for key in KEYS:
        mean, peak = played.mean(key), played.peak(key)
        cells = (
            f"{mean.reads:>14,.0f}{peak.reads:>12,.0f}{mean.writes:>16,.0f}{peak.writes:>12,.0f}"
        )
        lines.append(f"    {key:24}{cells}")
    for name, (first, count) in played.crossed.items():
        lines.append(f"    passed: {name}, first after {first} s, in {count} s")
    if played.scenario.kind == STORM:
        shown = {share: played.served_by_s(share) for share in (0.5, 0.99, 1)}
        waits = (
            f"{share:.0%} {'never' if at is None else f'{at} s'}" for share, at in shown.items()
        )
        lines.append(f"    served: {', '.join(waits)}")
    denied = round(played.denied * played.weight)
    lines.append(
        f"    open at the end: {played.open_at_end:,.0f}; tries that were denied: {denied:,}"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    if given.plot:
        given.plot.write_text(scale_picture(), "utf-8")
    elif given.document:
        print(document())
    else:
        all_played = [play(each, given.seed) for each in scenarios(given)]
        if given.json:
            print(json.dumps([as_data(each) for each in all_played], indent=2))
        else:
            print("\n\n".join(printed(each) for each in all_played))
    return 0


if __name__ == "__main__":
    sys.exit(main())
