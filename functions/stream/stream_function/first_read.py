"""What does the first stream find done already? The reads that every stream begins with, and more.

Lambda gives init a whole core whatever the memory, and an invocation with 128 MB a fourteenth of
one. So a connection that is opened before the first request saves the first viewer a quarter of a
second: TLS alone reads all certificate authorities.
"""

from contextlib import suppress

from botocore.exceptions import BotoCoreError
from dashboard_data import Clock, DynamoDbMetrics, Head, Table, scopes_of
from dashboard_data.feed.head import HEAD_KEY


def read_once(table: Table, metrics: DynamoDbMetrics, clock: Clock) -> None:
    """Opens the connection that `table` keeps, and goes the way of a stream's first reads.

    Writes nothing. A table that cannot be read is no failure yet: streams that open will say so.
    """
    with suppress(Exception):
        record = table.get(HEAD_KEY)
        if record is not None:
            head = Head.from_record(record)
            metrics.window(head.epoch, scopes_of(None)).snapshot(clock())


def rehearse_writes(table: Table) -> None:
    """Does once what botocore does before the first write of each kind. Sends nothing."""
    with suppress(BotoCoreError):  # such as no credentials
        table.rehearse_writes()
