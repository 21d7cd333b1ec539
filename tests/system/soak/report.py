"""The words of a soak: a line each minute, and its verdict for people or as JSON."""

import time


def figures(soak):
    """Returns all figures so far, in plain JSON types."""
    kills = {name.removesuffix("Function").lower(): n for name, n in soak.faults.kills.items()}
    outages = {}
    for kind, *_ in list(soak.faults.outages):
        outages[kind] = outages.get(kind, 0) + 1
    lasted_s = max(soak.ended_at, soak.began_at) - soak.began_at
    return {
        "seconds": round(lasted_s or time.monotonic() - soak.began_at),
        "streams": soak.streams,
        "items": soak.producer.written,
        "deliveries": soak.judge.delivered,
        "lost": soak.judge.lost,
        "doubled": soak.judge.doubled,
        "disordered": soak.judge.disordered,
        "kills": kills,
        "outages": outages,
        "cuts": sum(each.cuts for each in soak.viewers),
        "left": soak.crowd.left,
        "connections": sum(each.connections for each in soak.viewers),
        "statuses": {str(k): v for k, v in sorted(soak.crowd.statuses.items())},
        "api_statuses": {str(k): v for k, v in sorted(soak.asker.statuses.items())},
        "longest_gap_s": {
            "bytes": round(soak.worst_byte_gap_s, 1),
            "events": round(soak.worst_event_gap_s, 1),
        },
        "late_on_a_busy_machine": soak.late_on_a_busy_machine,
        "processes": {
            each.name: {
                what: [round(value, 1) for value in each.growth(what)]
                for what in ("memory_mb", "descriptors", "threads")
            }
            for each in (soak.emulator, soak.veteran, soak.table)
        },
        "log": dict(soak.logs.expected),
        "failures": soak.failures,
        "passed": not soak.failures,
    }


def minute_line(soak, minute):
    told = figures(soak)
    return (
        f"minute {minute}: {told['items']} items, {told['deliveries']} delivered, "
        f"{told['lost']} lost, {told['doubled']} doubled; {soak.crowd.live} live, "
        f"{sum(told['kills'].values())} kills, {sum(told['outages'].values())} outages, "
        f"{told['cuts']} cuts; longest gap {told['longest_gap_s']['bytes']} s; "
        f"emulator {soak.emulator.last('memory_mb'):.0f} MB, "
        f"oldest stream process {soak.veteran.last('memory_mb'):.0f} MB, "
        f"{soak.veteran.last('descriptors')} descriptors, {soak.veteran.last('threads')} threads"
        + (f"; {len(told['failures'])} failures: {told['failures'][-1]}" if soak.failures else "")
    )


def text(told):
    """Returns the verdict for people."""
    lines = [
        f"{told['seconds']} s with {told['streams']} streams: {told['items']} items, "
        f"{told['deliveries']} deliveries, {told['lost']} lost, {told['doubled']} doubled, "
        f"{told['disordered']} out of order",
        f"kills: {_counted(told['kills'])}; outages of the table: {_counted(told['outages'])}",
        f"streams opened: {told['connections']}; cut: {told['cuts']}; left by clients: "
        f"{told['left']}; statuses: {_counted(told['statuses'])}",
        f"the API responded: {_counted(told['api_statuses'])}",
        f"longest time without a byte: {told['longest_gap_s']['bytes']} s; without an event, "
        f"outages aside: {told['longest_gap_s']['events']} s; too long while other work had the "
        f"machine: {told['late_on_a_busy_machine']}",
    ]
    for name, held in told["processes"].items():
        grown = ", ".join(f"{what} {a:g} to {b:g}" for what, (a, b) in held.items())
        lines.append(f"{name}: {grown}")
    lines += [f"log, expected: {count} x {line}" for line, count in told["log"].items()]
    lines += [f"FAILED: {sentence}" for sentence in told["failures"]]
    lines.append("passed" if told["passed"] else f"failed: {len(told['failures'])} findings")
    return "\n".join(lines)


def _counted(counts):
    return ", ".join(f"{count} x {name}" for name, count in counts.items()) or "none"
