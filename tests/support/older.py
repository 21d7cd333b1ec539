"""A publisher as it was before hourly records had splits, tickers and newest items."""

from typing import Any

_NEW = ("split#", "ticker#", "own#")


class OlderClient:
    """A DynamoDB client whose transactions write hourly records as older code did."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **arguments: Any) -> Any:
        actions = [_as_before(each) for each in arguments["TransactItems"]]
        return self._client.transact_write_items(**arguments | {"TransactItems": actions})


def _as_before(action: dict[str, Any]) -> dict[str, Any]:
    update = action.get("Update")
    if not update or not update["UpdateExpression"].startswith("ADD "):
        return action
    added = update["UpdateExpression"].removeprefix("ADD ").partition(" SET ")[0].split(", ")
    names = update["ExpressionAttributeNames"]
    kept = [each for each in added if not names[each.split()[0]].startswith(_NEW)]
    used = {word for each in kept for word in each.split()} | {":seq", ":expires_at"}
    values = update["ExpressionAttributeValues"]
    return {
        "Update": update
        | {
            "UpdateExpression": f"ADD {', '.join(kept)} SET seq = :seq, expires_at = :expires_at",
            "ExpressionAttributeNames": {each: names[each] for each in names if each in used},
            "ExpressionAttributeValues": {each: values[each] for each in values if each in used},
        }
    }
