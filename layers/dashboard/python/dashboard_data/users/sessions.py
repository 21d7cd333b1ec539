"""Who is the holder of this token? Anonymous sessions: random tokens, of which the table knows nothing but a hash."""

import hashlib
import secrets
from typing import Any, NamedTuple

from dashboard_data.dynamodb import Clock, Record, expired, key, text
from dashboard_data.records import Key
from dashboard_data.times import DAY_S, utc_text

SESSION_S = DAY_S
LONGEST_TOKEN = 128


class NewSession(NamedTuple):
    """Handed to the client once. Its representation leaves the token out, in case it is ever logged."""

    token: str
    user_id: str
    expires_at: float  # epoch seconds

    def __repr__(self) -> str:
        return f"NewSession(user_id={self.user_id!r}, expires_at={self.expires_at!r})"


class Session(NamedTuple):
    user_id: str
    expires_at: float  # epoch seconds
    key: Key  # what a watch follows


class DynamoDbSessions:
    def __init__(self, client: Any, table: str, clock: Clock, session_s: int = SESSION_S) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._session_s = session_s

    def create_anonymous(self) -> NewSession:
        now = self._clock()
        created = NewSession(secrets.token_urlsafe(32), secrets.token_hex(16), int(now) + self._session_s)
        record = key(*session_key(created.token)) | {
            "user_id": text(created.user_id),
            "created_at": text(utc_text(now)),
            "expires_at": {"N": str(created.expires_at)},
        }
        self._client.put_item(TableName=self._table, Item=record)
        return created

    def verify(self, token: str) -> Session | None:
        """The session of this token while it is neither expired nor revoked. A new one is valid at once."""
        if not 0 < len(token) <= LONGEST_TOKEN:
            return None
        at = session_key(token)
        answer = self._client.get_item(TableName=self._table, Key=key(*at), ConsistentRead=True)
        record = answer.get("Item")
        if not session_lives(record, self._clock()):
            return None
        return Session(record["user_id"]["S"], float(record["expires_at"]["N"]), at)

    def revoke(self, token: str) -> None:
        """Idempotent. Open streams end within one poll."""
        self._client.delete_item(TableName=self._table, Key=key(*session_key(token)))


def session_key(token: str) -> Key:
    return f"SESSION#{hashlib.sha256(token.encode(errors='surrogatepass')).hexdigest()}", "SESSION"


def session_lives(record: Record | None, now: float) -> bool:
    return record is not None and not expired(record, now)
