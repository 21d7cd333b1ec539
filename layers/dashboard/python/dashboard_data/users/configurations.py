"""Which tickers does a user follow? A configuration belongs to one user, and to all others it is not there."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dashboard_data.dynamodb import Clock, Record, expired, key, query_all, text, texts
from dashboard_data.records import Key
from dashboard_data.retry import REFUSED, WITHOUT_EFFECT, Contention
from dashboard_data.times import utc_text

MOST_CONFIGURATIONS = 20  # of one user
LONGEST_CONFIG_ID = 64


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
        """What a watch follows."""
        return configuration_key(self.user_id, self.config_id)

    def data(self) -> dict[str, Any]:
        """As the API shows it."""
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
        self,
        client: Any,
        table: str,
        clock: Clock,
        sleep: Callable[[float], object],
        random: Callable[[], float],
        most: int = MOST_CONFIGURATIONS,
    ) -> None:
        self._client = client
        self._contention = Contention(client, sleep, random)
        self._table = table
        self._clock = clock
        self._most = most

    def create(self, user_id: str, name: str, tickers: Sequence[str], expires_at: float | None = None) -> Configuration:
        """Name and tickers are validated already. `expires_at`: epoch seconds; an anonymous user's go with the session.

        Raises TooManyConfigurations; the count is kept in the same transaction, so that a race cannot pass the limit.
        """
        now = utc_text(self._clock())
        created = Configuration(secrets.token_urlsafe(12), user_id, name, tuple(tickers), now, now)
        lifetime = {} if expires_at is None else {"expires_at": {"N": str(int(expires_at))}}
        put = {"Put": {"TableName": self._table, "Item": configuration_record(created, lifetime)}}
        if not self._transact(self._counting(user_id, 1, lifetime), put):
            raise TooManyConfigurations(f"at most {self._most}")
        return created

    def list(self, user_id: str) -> list[Configuration]:
        """All of this user's, oldest first."""
        records = query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="PK = :user AND begins_with(SK, :config)",
            ExpressionAttributeValues={":user": text(f"USER#{user_id}"), ":config": text("CONFIG#")},
            ConsistentRead=True,
        )
        found = [Configuration.from_record(record) for record in records if not expired(record, self._clock())]
        return sorted(found, key=lambda each: (each.created_at, each.config_id))

    def get(self, user_id: str, config_id: str) -> Configuration | None:
        if not _sane(config_id):
            return None
        at = key(*configuration_key(user_id, config_id))
        answer = self._client.get_item(TableName=self._table, Key=at, ConsistentRead=True)
        return configuration_of(answer.get("Item"), self._clock())

    def update(self, user_id: str, config_id: str, name: str, tickers: Sequence[str]) -> Configuration | None:
        """The changed configuration; None if there is none. Open streams take the tickers up within one poll."""
        if not _sane(config_id):
            return None
        answer = self._contention.write(
            "update_item",
            TableName=self._table,
            Key=key(*configuration_key(user_id, config_id)),
            UpdateExpression="SET #name = :name, tickers = :tickers, updated_at = :now ADD version :one",
            ConditionExpression=_LIVES,
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={
                ":name": text(name),
                ":tickers": texts(tickers),
                ":now": text(utc_text(self._clock())),
                ":clock": {"N": str(int(self._clock()))},
                ":one": {"N": "1"},
            },
            ReturnValues="ALL_NEW",
        )
        return answer and Configuration.from_record(answer["Attributes"])

    def delete(self, user_id: str, config_id: str) -> bool:
        """Whether there was one. Its open streams end within one poll."""
        if not _sane(config_id):
            return False
        at = key(*configuration_key(user_id, config_id))
        removal = {"TableName": self._table, "Key": at, "ConditionExpression": "attribute_exists(PK)"}
        return self._transact({"Delete": removal}, self._counting(user_id, -1, {}))

    def _transact(self, *actions: dict[str, Any]) -> bool:
        """False if the one condition among these actions does not hold. Raises Contended, or what the client raises."""
        for _ in self._contention.tries():
            reasons = self._contention.transact(actions, WITHOUT_EFFECT)
            if not reasons:
                return True
            if reasons == {REFUSED}:
                return False
        raise Contended

    def _counting(self, user_id: str, change: int, lifetime: Record) -> dict[str, Any]:
        action: dict[str, Any] = {
            "TableName": self._table,
            "Key": key(f"USER#{user_id}", "COUNT"),
            "UpdateExpression": "ADD configurations :change" + (" SET expires_at = :expires_at" if lifetime else ""),
            "ExpressionAttributeValues": {":change": {"N": str(change)}}
            | {f":{name}": value for name, value in lifetime.items()},
        }
        if change > 0:
            action["ConditionExpression"] = "attribute_not_exists(configurations) OR configurations < :most"
            action["ExpressionAttributeValues"][":most"] = {"N": str(self._most)}
        return {"Update": action}


def configuration_key(user_id: str, config_id: str) -> Key:
    return f"USER#{user_id}", f"CONFIG#{config_id}"


def configuration_of(record: Record | None, now: float) -> Configuration | None:
    return None if record is None or expired(record, now) else Configuration.from_record(record)


def _sane(config_id: str) -> bool:
    """Anything else cannot be one of ours, and need not be looked for."""
    return 0 < len(config_id) <= LONGEST_CONFIG_ID and config_id.isascii()


def configuration_record(configuration: Configuration, lifetime: Record) -> Record:
    return (
        key(*configuration.key)
        | {name: text(getattr(configuration, name)) for name in ("name", "created_at", "updated_at")}
        | {"tickers": texts(configuration.tickers), "version": {"N": str(configuration.version)}}
        | lifetime
    )
