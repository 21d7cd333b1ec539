"""Where does the feed stand: which epoch, which number was given last, and with what are cursors signed?"""

import secrets
from typing import Any, NamedTuple

from dashboard_data.dynamodb import Record, error_code, key, text
from dashboard_data.feed.cursor import Cursor

HEAD = ("FEED", "HEAD")
HEAD_KEY = key(*HEAD)


class Head(NamedTuple):
    epoch: str
    seq: int
    secret: bytes

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.epoch, self.seq)

    @classmethod
    def from_record(cls, record: Record) -> "Head":
        # A low-level boto3 client hands binary values over as bytes.
        return cls(record["epoch"]["S"], int(record["seq"]["N"]), bytes(record["secret"]["B"]))


def read_head(client: Any, table: str) -> Head:
    """The head, read consistently. Whoever comes first creates it; of those who race, one does and all see that one."""
    while True:
        answer = client.get_item(TableName=table, Key=HEAD_KEY, ConsistentRead=True)
        if "Item" in answer:
            return Head.from_record(answer["Item"])
        _create(client, table)


def _create(client: Any, table: str) -> None:
    drawn = {"epoch": text(secrets.token_hex(5)), "secret": {"B": secrets.token_bytes(32)}}
    record = HEAD_KEY | drawn | {"seq": {"N": "0"}}
    try:
        client.put_item(TableName=table, Item=record, ConditionExpression="attribute_not_exists(PK)")
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
