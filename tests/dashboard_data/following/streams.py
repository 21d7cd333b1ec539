"""Helpers that the tests share: one stream, and the records that it depends on."""

from dashboard_data import (
    Configuration,
    Lease,
    Session,
)

from tests.support.fakes import NOON

LEASE = Lease("3-AAAAAAAAAAAAAAAAAAAAAA", "client", 3, ("client#0000",), "lifeline")


SESSION = Session("user", NOON + 100, ("SESSION#hash", "SESSION"))


CONFIGURATION = Configuration("c1", "user", "mine", ("AAPL",), "then", "then")


def lifeline_record(**changed):
    keys = {"PK": {"S": LEASE.key[0]}, "SK": {"S": LEASE.key[1]}}
    return keys | {"expires_at": {"N": "9999999999"}} | changed


def session_record(expires_at=NOON + 100):
    keys = {"PK": {"S": SESSION.key[0]}, "SK": {"S": SESSION.key[1]}}
    return keys | {"user_id": {"S": "user"}, "expires_at": {"N": str(expires_at)}}


def everything(reader, cursor):
    return reader.follow(cursor, lease=LEASE, session=SESSION, configuration=CONFIGURATION)


def seqs(news):
    return [entry.seq for entry in news.entries]
