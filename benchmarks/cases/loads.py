"""What do items cost a process that streams? Shared by the cases."""

from benchmarks.samples import Samples, percentile
from benchmarks.servers import Server
from benchmarks.table.client import TableProcess
from benchmarks.viewers import Viewers

ARRIVE_WITHIN_S = 15  # the last events of a burst
TAIL_S = 2.0  # the next poll, and what is merged for a second


def idle_cpu(server: Server, seconds: float) -> float:
    """Returns the CPU of a second in which nothing is published, in milliseconds."""
    before_ms = server.cpu_ms()
    server.viewers.for_s(seconds)
    return (server.cpu_ms() - before_ms) / seconds


def steady(
    server: Server,
    table: TableProcess,
    *,
    rate: float,
    count: int,
    idle_ms_a_s: float,
    name: str,
    samples: Samples,
    streams: int = 1,
) -> None:
    """Publishes at a rate, and notes CPU an item beyond idling, latencies, and what was lost.

    Names begin with `name`. The latency is from the item's transaction to the client.
    """
    viewers = server.viewers
    seen = len(viewers.arrivals)
    known = set(table.committed())
    before_ms = server.cpu_ms()
    table.schedule(rate, count)
    duration_s = count / rate
    viewers.for_s(duration_s)
    viewers.until(lambda: len(viewers.arrivals) >= seen + count, ARRIVE_WITHIN_S)
    viewers.for_s(TAIL_S)
    spent_ms = server.cpu_ms() - before_ms
    committed = {each: at for each, at in table.committed().items() if each not in known}
    arrived = {each: viewers.arrivals[each] for each in committed if each in viewers.arrivals}
    missing = count * streams - _reached(viewers, list(arrived))
    if missing:
        samples.problems[name] = f"{missing} of {count * streams} events did not arrive"
    elapsed_s = max(each.last_s for each in arrived.values()) - min(committed.values())
    late_ms = [(each.last_s - committed[id_]) * 1000 for id_, each in arrived.items()]
    beyond_ms = spent_ms - idle_ms_a_s * (max(duration_s, elapsed_s) + TAIL_S)
    cpu_us = max(0.0, beyond_ms) * 1000 / count
    samples.note(f"{name}_item_cpu_us", cpu_us)
    samples.note(f"{name}_event_cpu_us", cpu_us / streams)
    samples.note(f"{name}_item_p50_ms", percentile(late_ms, 0.5))
    samples.note(f"{name}_item_p99_ms", percentile(late_ms, 0.99))


def burst(
    server: Server,
    table: TableProcess,
    *,
    count: int,
    streams: int,
    window_s: float,
    name: str,
    samples: Samples,
) -> None:
    """Publishes items at once, and notes their spread over all clients.

    The spread is from the first client that has the first of them to the last that has the last.
    """
    viewers = server.viewers
    ids = table.publish(count)
    viewers.for_s(window_s)
    viewers.until(lambda: _reached(viewers, ids) >= count * streams, ARRIVE_WITHIN_S)
    arrivals = [viewers.arrivals[each] for each in ids if each in viewers.arrivals]
    missing = count * streams - _reached(viewers, ids)
    if missing:
        samples.problems[name] = f"{missing} of {count * streams} events did not arrive"
    samples.note(f"{name}_missing", missing)
    if arrivals:
        spread_s = max(each.last_s for each in arrivals) - min(each.first_s for each in arrivals)
        samples.note(f"{name}_spread_ms", spread_s * 1000)


def _reached(viewers: Viewers, ids: list[str]) -> int:
    """Returns how many events of these items have reached clients."""
    return sum(viewers.arrivals[each].clients for each in ids if each in viewers.arrivals)
