"""How do results become the generated part of docs/benchmarks.md? Pure, except for `write`."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.wanted import WANTED

DOCUMENT = Path(__file__).resolve().parents[1] / "docs/benchmarks.md"
BEGIN = "<!-- results: written by `make bench` -->"
END = "<!-- end of results -->"
Results = Mapping[str, Any]
WIDTH = 100

# Rows of absolute figures: words, unit, and the name after `ours_`, `p1_` and so on.
PAIRED = (
    ("CPU to the first `/next`, or to accept", "ms", "cold_first_byte_cpu_ms"),
    ("CPU to the first `data:`", "ms", "cold_first_data_cpu_ms"),
    ("time to the first `data:`, a whole core", "ms", "cold_first_data_ms"),
    ("USS while one client streams", "MiB", "environment_uss_mib"),
    ("RSS while one client streams", "MiB", "environment_rss_mib"),
    ("CPU of an event, of those that are ready together", "µs", "event_cpu_us"),
    ("CPU of an event that is written alone", "µs", "alone_event_cpu_us"),
    ("yield to client, p50", "µs", "latency_p50_us"),
    ("yield to client, p99", "µs", "latency_p99_us"),
    ("one idle stream: CPU a second", "ms", "idle_ms_a_second"),
    ("one idle stream: requests a second", "", "idle_requests_a_second"),
    ("one idle stream: read units a second", "", "idle_read_units_a_second"),
    ("one idle stream: write units a second", "", "idle_write_units_a_second"),
    ("25 items a second: CPU an item, metrics included", "µs", "25_a_second_item_cpu_us"),
    ("25 items a second: table to client, p50", "ms", "25_a_second_item_p50_ms"),
    ("25 items a second: table to client, p99", "ms", "25_a_second_item_p99_ms"),
    ("300 clients at once: served after", "s", "storm_300_served_s"),
    ("300 clients at once: not served", "", "storm_300_failed"),
    ("300 clients at once: CPU, start included", "ms", "storm_300_cpu_ms"),
    ("128 MB, 25 items a second: p99", "ms", "128mb_25_a_second_item_p99_ms"),
    ("128 MB, 100 items a second: p99", "ms", "128mb_100_a_second_item_p99_ms"),
)
PEERS = {"p1": "P1", "p1_no_bytecode": "P1 without bytecode", "p3": "P3", "raw": "raw loop"}
STREAMS = (
    ("memory of a stream, KiB", "kib"),
    ("memory that a stream adds to a process made for all, KiB", "grown_kib"),
    ("idle CPU, ms a second", "idle_ms_a_second"),
    ("CPU of an item and stream, µs", "event_cpu_us"),
    ("20 items, first client to last, ms", "spread_ms"),
    ("longest silence, ms", "longest_silence_ms"),
    ("read units of one opening more", "open_read_units"),
)
COUNTS = (1, 10, 100, 300, 1000)
RATES = (1, 10, 100, 1000)
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)


def generated(results: Results) -> str:
    """Returns everything between the two markers."""
    about = results["about"]
    versions = ", ".join(
        f"{name} {about[name]}" for name in about if name not in _ABOUT_THE_MACHINE
    )
    told = (
        f"Measured on {about['date']} at commit {about['commit']} with CPython {about['python']} on"
        f" {about['machine']} ({about['processor']}), in {results['took_s'] / 60:.0f} minutes."
        f" Versions: {versions}."
    )
    parts = [
        textwrap.fill(told, WIDTH),
        _wanted(results),
        "### Absolute figures",
        _paired(results),
        "### Many streams in one process",
        _streams(results),
        "### Growth",
        _growth(results),
    ]
    if results["problems"]:
        lines = [_wrapped(f"- `{name}`: {why}") for name, why in results["problems"].items()]
        parts += ["### Problems of this run", "\n".join(lines)]
    return "\n\n".join(parts)


_ABOUT_THE_MACHINE = {
    "date",
    "commit",
    "changed_files",
    "python",
    "kernel",
    "machine",
    "processor",
}


def not_reached(results: Results) -> list[str]:
    """Returns the names of what is promised, and larger than promised, or not measured."""
    return [
        name
        for name, wanted in WANTED.items()
        if results.get(name) is None or results[name] > wanted.most
    ]


def write(results: Results) -> None:
    """Replaces the generated part of the document."""
    text = DOCUMENT.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{generated(results)}\n\n{END}{after}", "utf-8")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ")


def _wanted(results: Results) -> str:
    missed = not_reached(results)
    rows = []
    for name, wanted in WANTED.items():
        reached = "yes"
        if name in missed:
            reached = "no" if results.get(name) is not None else "not measured"
        rows.append(
            (f"`{name}`", wanted.what, f"{wanted.most:g}", _with_spread(results, name), reached)
        )
    return _table(("key", "figure", "at most", "measured", "reached"), rows, texts=2)


def _paired(results: Results) -> str:
    rows = []
    for words, unit, name in PAIRED:
        cells = [_with_spread(results, f"{who}_{name}") for who in ("ours", *PEERS)]
        if any(cells):
            rows.append((f"{words}{', ' if unit else ''}{unit}", *cells))
    return _table(("", "ours", *PEERS.values()), rows)


def _streams(results: Results) -> str:
    rows = []
    for words, name in STREAMS:
        for who, title in (("ours", "ours"), ("p1", "P1"), ("p1_ping_4", "P1, a ping each 4 s")):
            cells = [_shown(results.get(f"streams_{count}_{who}_{name}")) for count in COUNTS]
            exponent = _shown(results.get(f"streams_{who}_{name}_exponent"))
            if who == "ours" and name == "open_read_units":
                exponent = _shown(results.get("open_reads_exponent"))
            if any(cells):
                rows.append((f"{words}: {title}", *cells, exponent))
    return _table(("", *map(_counted, COUNTS), "exponent"), rows)


def _growth(results: Results) -> str:
    rows = []
    for who in ("ours", "p1"):
        for words, name in (("CPU of an item, µs", "item_cpu_us"), ("p99, ms", "item_p99_ms")):
            cells = [_shown(results.get(f"rates_{rate}_{who}_{name}")) for rate in RATES]
            exponent = _shown(results.get(f"rates_{who}_{name}_exponent"))
            rows.append((f"{words}: {who.replace('p1', 'P1')}", *cells, exponent))
    rates = _table(("items a second", *map(_counted, RATES), "exponent"), rows)
    rows = []
    for words, name in (
        ("CPU to the first `data:`, ms", "first_data_cpu_ms"),
        ("read units of an opening", "open_read_units"),
        ("read units of a poll", "poll_read_units"),
    ):
        cells = [_shown(results.get(f"table_{size}_{name}")) for size in SIZES]
        rows.append((words, *cells, _shown(results.get(f"table_{name}_exponent"))))
    sizes = _table(("items in the table: ours", *map(_counted, SIZES), "exponent"), rows)
    return f"{rates}\n\n{sizes}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Writes a table. The first columns, so many as `texts` says, are aligned to the left."""
    lines = [head, [*["---"] * texts, *["--:"] * (len(head) - texts)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _counted(value: int) -> str:
    return f"{value:,}"


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _with_spread(results: Results, name: str) -> str:
    least, most = results.get(f"{name}_min"), results.get(f"{name}_max")
    shown = _shown(results.get(name))
    if not shown or least is None or least == most:
        return shown
    return f"{shown} [{_shown(least)} to {_shown(most)}]"
