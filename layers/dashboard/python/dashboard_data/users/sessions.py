"""Who holds this token? Anonymous sessions: the table knows only a hash of each token."""

import hashlib
import secrets
from typing import NamedTuple

from dashboard_data.dynamodb import UNREADABLE, Clock, Key, Record, Table, expired, key, text
from dashboard_data.times import DAY_S, utc_text

SESSION_S = DAY_S
LONGEST_TOKEN = 128


class NewSession(NamedTuple):
    """Handed to the client once. Its representation leaves the token out, in case it is logged.

    `expires_at_s`: epoch seconds.
    """

    token: str
    user_id: str
    expires_at_s: float

    def __repr__(self) -> str:
        return f"NewSession(user_id={self.user_id!r}, expires_at_s={self.expires_at_s!r})"


class Session(NamedTuple):
    """`expires_at_s`: epoch seconds. `key`: the record that a stream follows."""

    user_id: str
    expires_at_s: float
    key: Key


class DynamoDbSessions:
    def __init__(self, table: Table, clock: Clock, session_s: int = SESSION_S) -> None:
        self._table = table
        self._clock = clock
        self._session_s = session_s

    def create_anonymous(self) -> NewSession:
        now_s = self._clock()
        created = NewSession(
            token=secrets.token_urlsafe(32),
            user_id=secrets.token_hex(16),
            expires_at_s=int(now_s) + self._session_s,
        )
        record = key(*session_key(created.token)) | {
            "user_id": text(created.user_id),
            "created_at": text(utc_text(now_s)),
            "expires_at": {"N": str(created.expires_at_s)},
        }
        self._table.put(record)
        return created

    def verify(self, token: str) -> Session | None:
        """Returns the session of this token while it is neither expired nor revoked.

        A new one is valid at once.
        """
        if not 0 < len(token) <= LONGEST_TOKEN:
            return None
        at = session_key(token)
        record = self._table.get(at)
        if record is None or not session_lives(record, self._clock()):
            return None
        try:
            return Session(record["user_id"]["S"], float(record["expires_at"]["N"]), at)
        except UNREADABLE:
            return None

    def revoke(self, token: str) -> None:
        """Ends the session. Idempotent; open streams end within one poll."""
        self._table.delete(session_key(token))


def session_key(token: str) -> Key:
    digest = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
    return f"SESSION#{digest}", "SESSION"


def session_lives(record: Record | None, now_s: float) -> bool:
    """Whether the session lasts. One whose end cannot be read is over."""
    try:
        return record is not None and not expired(record, now_s)
    except UNREADABLE:
        return False
