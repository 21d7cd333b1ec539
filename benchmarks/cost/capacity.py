"""How many streams could one process on a managed instance hold, by what was measured?

The smallest of what its memory, its CPU and Lambda allow. The template allows fewer, 64.
"""

from benchmarks.cost.model import Assumptions

MOST = 1_600  # PerExecutionEnvironmentMaxConcurrency at most
PROCESS_MB = 2_048  # the template's MemorySize
BASE_MB = 100  # without streams, and with room
CPU_SHARE = 0.5  # half a vCPU, so that a burst has room
DAY_S = 86_400


def by_memory(a: Assumptions) -> int:
    return int((PROCESS_MB - BASE_MB) * 1_024 / a.measured.many_kib)


def by_cpu(a: Assumptions) -> int:
    """Returns how many streams use CPU_SHARE of a vCPU, at the assumed number of items."""
    items_us = a.items_a_day / DAY_S * a.measured.many_event_cpu_us
    return int(CPU_SHARE * 1e6 / (a.measured.many_idle_us_a_second + items_us))


def streams_of_a_process(a: Assumptions) -> int:
    """Returns the smallest of the three, at least 1."""
    return max(1, min(MOST, by_memory(a), by_cpu(a)))
