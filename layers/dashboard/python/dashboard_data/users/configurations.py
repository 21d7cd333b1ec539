"""Which tickers does a user follow? A configuration belongs to one user; nobody else can see it."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard_data.dynamodb import (
    CONDITION_FAILED,
    PRESENT,
    UNREADABLE,
    Action,
    Clock,
    Key,
    Record,
    Table,
    delete_action,
    expired,
    key,
    put_action,
    text,
    texts,
    update_action,
)
from dashboard_data.retry import WITHOUT_EFFECT, Backoff, attempt
from dashboard_data.times import utc_text

MOST_CONFIGURATIONS = 20  # for one user
LONGEST_CONFIG_ID = 64

_TEXTS = ("name", "created_at", "updated_at")
_LIVES = "attribute_exists(PK) AND (attribute_not_exists(expires_at) OR expires_at > :clock)"


class Contended(Exception):
    """Others wrote the same records again and again; nothing was changed."""


class TooManyConfigurations(Exception):
    """This user has as many as one user may have."""


class Configuration(NamedTuple):
    config_id: str
    user_id: str
    name: str
    tickers: tuple[str, ...]
    created_at: str
    updated_at: str
    version: int = 1

    @property
    def key(self) -> Key:
        """The record that a stream follows."""
        return configuration_key(self.user_id, self.config_id)

    def data(self) -> dict[str, Any]:
        """Returns it as the API shows it."""
        shown = ("config_id", "name", "tickers", "created_at", "updated_at")
        return {name: getattr(self, name) for name in shown} | {"tickers": list(self.tickers)}

    @classmethod
    def from_record(cls, record: Record) -> "Configuration":
        return cls(
            config_id=record["SK"]["S"].removeprefix("CONFIG#"),
            user_id=record["PK"]["S"].removeprefix("USER#"),
            name=record["name"]["S"],
            tickers=tuple([ticker["S"] for ticker in record["tickers"]["L"]]),
            created_at=record["created_at"]["S"],
            updated_at=record["updated_at"]["S"],
            version=int(record["version"]["N"]),
        )


class DynamoDbConfigurations:
    def __init__(
        self, table: Table, clock: Clock, backoff: Backoff, most: int = MOST_CONFIGURATIONS
    ) -> None:
        self._table = table
        self._clock = clock
        self._backoff = backoff
        self._most = most

    def create(
        self, user_id: str, name: str, tickers: Sequence[str], expires_at_s: float | None = None
    ) -> Configuration:
        """Creates a configuration. Name and tickers are validated already.

        `expires_at_s`: epoch seconds; an anonymous user's expire with the session. Raises
        TooManyConfigurations; the count is kept in the same transaction, so that a race cannot pass
        the limit.
        """
        now = utc_text(self._clock())
        created = Configuration(
            config_id=secrets.token_urlsafe(12),
            user_id=user_id,
            name=name,
            tickers=tuple(tickers),
            created_at=now,
            updated_at=now,
        )
        lifetime: Record = {}
        if expires_at_s is not None:
            lifetime["expires_at"] = {"N": str(int(expires_at_s))}
        put = put_action(configuration_record(created, lifetime))
        if not self._transact(self._count_update(user_id, 1, lifetime), put):
            raise TooManyConfigurations(f"at most {self._most}")
        return created

    def list_all(self, user_id: str) -> list[Configuration]:
        """Returns all of this user's that can be read, oldest first."""
        values = {":user": text(f"USER#{user_id}"), ":config": text("CONFIG#")}
        records = self._table.query("PK = :user AND begins_with(SK, :config)", values)
        now_s = self._clock()

        def read(record: Record) -> Configuration | None:
            return None if expired(record, now_s) else Configuration.from_record(record)

        found = self._table.readable(records, read)
        return sorted(found, key=lambda each: (each.created_at, each.config_id))

    def get(self, user_id: str, config_id: str) -> Configuration | None:
        if not _can_be_ours(config_id):
            return None
        record = self._table.get(configuration_key(user_id, config_id))
        return configuration_of(record, self._clock())

    def update(
        self, user_id: str, config_id: str, name: str, tickers: Sequence[str]
    ) -> Configuration | None:
        """Returns the changed configuration; None if there is none.

        Open streams take the tickers up within one poll.
        """
        if not _can_be_ours(config_id):
            return None
        values: Record = {
            ":name": text(name),
            ":tickers": texts(tickers),
            ":now": text(utc_text(self._clock())),
            ":clock": {"N": str(int(self._clock()))},
            ":one": {"N": "1"},
        }
        changed = self._backoff.write(
            lambda: self._table.update(
                configuration_key(user_id, config_id),
                "SET #name = :name, tickers = :tickers, updated_at = :now ADD version :one",
                condition=_LIVES,
                values=values,
                names={"#name": "name"},
            )
        )
        if changed is None:
            return None
        return configuration_of(changed, self._clock())

    def delete(self, user_id: str, config_id: str) -> bool:
        """Returns whether there was one. Its open streams end within one poll."""
        if not _can_be_ours(config_id):
            return False
        removal = delete_action(configuration_key(user_id, config_id), condition=PRESENT)
        return self._transact(removal, self._count_update(user_id, -1, {}))

    def _transact(self, *actions: Action) -> bool:
        """Returns False if the one condition among these actions does not hold.

        Raises Contended, or errors that retrying cannot fix.
        """
        for _ in self._backoff.tries():
            reasons = attempt(self._table, actions, retriable=WITHOUT_EFFECT)
            if not reasons:
                return True
            if reasons == {CONDITION_FAILED}:
                return False
        raise Contended

    def _count_update(self, user_id: str, change: int, lifetime: Record) -> Action:
        expression = "ADD configurations :change"
        values: Record = {":change": {"N": str(change)}}
        if lifetime:
            expression += " SET expires_at = :expires_at"
            values |= {f":{name}": value for name, value in lifetime.items()}
        condition = None
        if change > 0:
            condition = "attribute_not_exists(configurations) OR configurations < :most"
            values[":most"] = {"N": str(self._most)}
        at = f"USER#{user_id}", "COUNT"
        return update_action(at, expression, values=values, condition=condition)


def configuration_key(user_id: str, config_id: str) -> Key:
    return f"USER#{user_id}", f"CONFIG#{config_id}"


def configuration_of(record: Record | None, now_s: float) -> Configuration | None:
    """Returns the configuration in a record; None without one, or if it cannot be read."""
    try:
        if record is None or expired(record, now_s):
            return None
        return Configuration.from_record(record)
    except UNREADABLE:
        return None


def configuration_record(configuration: Configuration, lifetime: Record) -> Record:
    return (
        key(*configuration.key)
        | {name: text(getattr(configuration, name)) for name in _TEXTS}
        | {"tickers": texts(configuration.tickers), "version": {"N": str(configuration.version)}}
        | lifetime
    )


def _can_be_ours(config_id: str) -> bool:
    """Whether it makes sense to look for this id in the table."""
    return 0 < len(config_id) <= LONGEST_CONFIG_ID and config_id.isascii()
