"""What does one invocation do? Publishes the batch's items, and reports those that failed."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import process_partial_response
from dashboard_data import (
    MARK_KEPT_S,
    Clock,
    DynamoDbPublisher,
    InvalidItem,
    Item,
    NotAnalysedYet,
    Outcome,
    moment_s,
    parse_item,
)

from publish_function.batch import CHANGED, PublishProcessor

# An older item may have been published, and its mark may be gone.
OLDEST_CHANGED_S = MARK_KEPT_S - 24 * 3600

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def make_handler(
    publisher: DynamoDbPublisher, clock: Clock, logger: Logger, metrics: Metrics
) -> Handler:
    """Makes the Lambda handler. The event source must have ReportBatchItemFailures switched on."""

    def publish(items: Sequence[Item], changed: Collection[str], remaining_s: float) -> Outcome:
        return publisher.publish(items, clock() + remaining_s, changed=changed)

    def item_of(record: dict[str, Any]) -> Item | None:
        try:
            return read_item(record, clock())
        except NotAnalysedYet:
            logger.debug("item.waiting", item=_digest(record))
            metrics.add_metric("ItemsWaiting", MetricUnit.Count, 1)
        except InvalidItem as error:
            logger.warning(
                "item.left_out", item=_digest(record), field=error.field, reason=error.reason
            )
            metrics.add_metric("ItemsLeftOut", MetricUnit.Count, 1)
        return None

    @logger.inject_lambda_context
    @metrics.log_metrics
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        processor = PublishProcessor(publish)
        response = process_partial_response(
            event, record_handler=item_of, processor=processor, context=context
        )
        outcome = processor.outcome
        metrics.add_metric("ItemsPublished", MetricUnit.Count, outcome.published)
        if outcome.failed:
            metrics.add_metric("ItemsNotPublished", MetricUnit.Count, len(outcome.failed))
            reasons = sorted(set(outcome.failed.values()))
            logger.error("publish.failed", items=len(outcome.failed), reasons=reasons)
        if outcome.uncounted:
            metrics.add_metric("ItemsNotCounted", MetricUnit.Count, outcome.uncounted)
            hours = sorted(" ".join(each) for each in outcome.uncountable)
            logger.error("publish.not_counted", items=outcome.uncounted, hours=hours)
        logger.info("publish.done", published=outcome.published, duplicates=outcome.duplicates)
        return {**response}

    return handler


def read_item(record: dict[str, Any], now_s: float) -> Item | None:
    """Returns the item in this record; None for a record of any other kind. Raises InvalidItem."""
    change = record.get("dynamodb", {})
    written = record.get("eventName") in ("INSERT", CHANGED)
    if not written or change.get("Keys", {}).get("SK") != {"S": "ITEM"}:
        return None
    written_at = float(change.get("ApproximateCreationDateTime", now_s))
    item = parse_item(change.get("NewImage"), written_at)
    if record["eventName"] == CHANGED and moment_s(item.timestamp) < now_s - OLDEST_CHANGED_S:
        return None
    return item


def _digest(record: dict[str, Any]) -> str:
    """Identifies the item in the log without the text that a producer wrote into its key."""
    partition = record["dynamodb"]["Keys"].get("PK", {}).get("S", "")
    return hashlib.sha256(partition.encode(errors="replace")).hexdigest()[:16]
