"""Where does the feed stand, and with what are cursors signed?"""

import secrets
from typing import NamedTuple

from dashboard_data.dynamodb import ABSENT, UNREADABLE, Record, Table, Throttled, key, text
from dashboard_data.feed.cursor import Cursor, is_position

HEAD_KEY = ("FEED", "HEAD")
TRIES = 3  # how often a head is created that the table does not show afterwards


class UnreadableHead(Exception):
    """Somebody has damaged the head of the feed, so that nobody knows where it stands."""


class Head(NamedTuple):
    """The epoch, the number that was given last, and the secret that signs event ids."""

    epoch: str
    seq: int
    secret: bytes

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.epoch, self.seq)

    @classmethod
    def from_record(cls, record: Record) -> "Head":
        """Raises KeyError or ValueError for a record that is no head, before a stream starts."""
        # A low-level boto3 client hands binary values over as bytes.
        secret = bytes(record["secret"]["B"])
        head = cls(record["epoch"]["S"], int(record["seq"]["N"]), secret)
        if not is_position(head.cursor):
            raise ValueError("the head of the feed is no position")
        return head


def read_head(table: Table) -> Head:
    """Returns the head, read consistently. The first reader creates it.

    If several readers race, one creates it and all see that one. Raises UnreadableHead, and
    Throttled if the table does not show what it says that it has taken.
    """
    for _ in range(TRIES):
        record = table.get(HEAD_KEY)
        if record is not None:
            return _head_in(record)
        _create(table)
    raise Throttled("the head of the feed was not kept")


def _head_in(record: Record) -> Head:
    try:
        return Head.from_record(record)
    except UNREADABLE as error:
        raise UnreadableHead("the head of the feed is damaged") from error


def _create(table: Table) -> None:
    drawn: Record = {
        "epoch": text(secrets.token_hex(5)),
        "secret": {"B": secrets.token_bytes(32)},
        "seq": {"N": "0"},
    }
    table.put(key(*HEAD_KEY) | drawn, condition=ABSENT)
