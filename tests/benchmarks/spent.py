"""Counts the read and write units that calls of a DynamoDB client take."""

from contextlib import contextmanager
from math import ceil

from benchmarks.cost.units import Units

KB = 1_024
EVENT = "after-call.dynamodb"
ASKED = "provide-client-params.dynamodb"


def size_of(record):
    """The bytes of a record, nearly: names and values as DynamoDB counts them."""
    return sum(len(name) + _size(value) for name, value in record.items())


def _size(value):
    ((kind, content),) = value.items()
    if kind == "N":
        return (len(content.strip("-").replace(".", "")) + 1) // 2 + 1
    if kind == "NS":
        return sum(_size({"N": each}) for each in content)
    if kind == "SS":
        return sum(map(len, content))
    if kind == "L":
        return 3 + sum(1 + _size(each) for each in content)
    if kind == "M":
        return 3 + sum(1 + len(name) + _size(each) for name, each in content.items())
    if kind in ("BOOL", "NULL"):
        return 1
    return len(content)


def _reads(size, consistent):
    return max(1, ceil(size / 4 / KB)) * (1 if consistent else 0.5)


def _writes(size=0):
    return max(1, ceil(size / KB))


class Spent:
    """Calls by name, and what they took together."""

    def __init__(self):
        self.units = Units()
        self.calls = []
        self._asked = {}

    def ask(self, params, model, **_):
        self._asked[model.name] = params

    def answer(self, parsed, model, **_):
        asked = self._asked.pop(model.name, {})
        self.calls.append(model.name)
        self.units += getattr(self, f"_{model.name}")(asked, parsed)

    def _Query(self, asked, parsed):
        size = sum(map(size_of, parsed.get("Items", ())))
        return Units(reads=_reads(size, asked.get("ConsistentRead")))

    def _GetItem(self, asked, parsed):
        return Units(reads=_reads(size_of(parsed.get("Item", {})), asked.get("ConsistentRead")))

    def _BatchGetItem(self, asked, parsed):
        reads = 0
        for table, wanted in asked["RequestItems"].items():
            consistent = wanted.get("ConsistentRead")
            found = parsed.get("Responses", {}).get(table, [])
            sizes = [size_of(each) for each in found] + [0] * (len(wanted["Keys"]) - len(found))
            reads += sum(_reads(size, consistent) for size in sizes)
        return Units(reads=reads)

    def _PutItem(self, asked, parsed):
        return Units(writes=_writes(size_of(asked["Item"])))

    def _UpdateItem(self, asked, parsed):
        return Units(writes=_writes(size_of(parsed.get("Attributes", {}))))

    def _DeleteItem(self, asked, parsed):
        return Units(writes=1)

    def _TransactWriteItems(self, asked, parsed):
        writes = 0
        for action in asked["TransactItems"]:
            ((_, fields),) = action.items()
            writes += 2 * _writes(size_of(fields.get("Item", {})))
        return Units(writes=writes)


@contextmanager
def spending(client):
    """Yields what the client's calls take while the block runs."""
    spent = Spent()
    events = client.meta.events
    events.register(ASKED, spent.ask)
    events.register(EVENT, spent.answer)
    try:
        yield spent
    finally:
        events.unregister(ASKED, spent.ask)
        events.unregister(EVENT, spent.answer)
