"""What do the modules of slots write and read alike?"""

from collections.abc import Iterator
from math import ceil

from dashboard_data.dynamodb import Record, Table, number, text
from dashboard_data.slots.lease import PARTITION


def records_of(table: Table, prefix: str) -> Iterator[Record]:
    """Yields the records of the partition whose sort key begins so, in order, read consistently."""
    values = {":partition": text(PARTITION), ":prefix": text(prefix)}
    return table.query("PK = :partition AND begins_with(SK, :prefix)", values)


def moment(at_s: float) -> dict[str, str]:
    """Writes epoch seconds as a time to live, which has to be a whole number."""
    return number(ceil(at_s))


def number_at_end(record: Record) -> int:
    """Returns the number that a record's sort key ends with."""
    return int(record["SK"]["S"].rpartition("#")[2])
