"""How much does one partition of the table bear? As much as DynamoDB's do, and no more. Pure.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

from collections.abc import Callable, Iterable

READ_UNITS_A_SECOND = 3000
WRITE_UNITS_A_SECOND = 1000


class Throughput:
    """Counts what each partition has used of its second. `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._second = 0
        self._read: dict[str, float] = {}
        self._written: dict[str, float] = {}

    def has_room(self, partitions: Iterable[str], *, writes: bool) -> bool:
        """Whether none of the partitions has used up its second."""
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._read = {}
            self._written = {}
        spent = self._written if writes else self._read
        most = WRITE_UNITS_A_SECOND if writes else READ_UNITS_A_SECOND
        return all(spent.get(each, 0) < most for each in partitions)

    def spend(self, partition: str, *, read: float = 0, written: float = 0) -> None:
        self._read[partition] = self._read.get(partition, 0) + read
        self._written[partition] = self._written.get(partition, 0) + written
