"""How does a whole batch of stream records share one transaction and still fail in part?

Powertools' processor hands records over one at a time, and counts each as done when its handler
returns. Here the record handler only reads the record, and `process` is overridden to publish all
items together. Collecting failures and responding to Lambda stay with Powertools, as in its page on
batches, "Create your own partial processor":
https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from dashboard_data import Item, Outcome

CHANGED = "MODIFY"  # the name of the event in a record of an item that had been written before

Publish = Callable[[Sequence[Item], Collection[str], float], Outcome]


class NotPublished(Exception):
    """This item is not in the feed, so Lambda delivers it again."""


class PublishProcessor(BatchProcessor):
    """For `process_partial_response`, with a record handler that returns the record's item or None.

    `publish` gets all items, the ids of those that had been written before, and the seconds left.
    Nothing is raised even if all of them fail: the response to Lambda says so.
    """

    def __init__(self, publish: Publish) -> None:
        super().__init__(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
        self._publish = publish
        self.outcome = Outcome()

    def process(self) -> list[tuple[Any, ...]]:
        items = [self.handler(record) for record in self.records]
        remaining_s = self.lambda_context.get_remaining_time_in_millis() / 1000
        records = list(zip(self.records, items, strict=True))
        self.outcome = self._publish(
            [item for item in items if item], _changed(records), remaining_s
        )
        return [self._settle(record, item) for record, item in records]

    def _settle(self, raw: dict[str, Any], item: Item | None) -> tuple[Any, ...]:
        record = self._to_batch_type(raw, self.event_type)
        if item is None or item.item_id not in self.outcome.failed:
            return self.success_handler(record, None)
        failure = NotPublished(self.outcome.failed[item.item_id])
        return self.failure_handler(record, (NotPublished, failure, None))


def _changed(records: Iterable[tuple[dict[str, Any], Item | None]]) -> set[str]:
    """Returns the ids whose first record with an item says that the item had been written before.

    The publisher takes the first item of each id.
    """
    is_changed: dict[str, bool] = {}
    for record, item in records:
        if item:
            is_changed.setdefault(item.item_id, record["eventName"] == CHANGED)
    return {item_id for item_id, changed in is_changed.items() if changed}
