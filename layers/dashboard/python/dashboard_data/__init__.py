"""The one table: feed, metrics, users and stream slots. docs/data.md names every access.

Nothing here imports boto3: a `Table` and a clock are handed in. What clients send is validated in
`dashboard_data.users.drafts`, which alone needs pydantic and is not imported here.
"""

from dashboard_data.dynamodb import Clock, Table, Throttled
from dashboard_data.feed.cursor import Cursor, EventId, event_id, is_signed_with, parse_event_id
from dashboard_data.feed.feed import DynamoDbFeed, Feed, FeedEntry, Page, ResetReason, Resumption
from dashboard_data.feed.head import Head
from dashboard_data.feed.item import InvalidItem, Item, NotAnalysedYet, parse_item
from dashboard_data.following.followed import FollowedStream, News
from dashboard_data.following.reader import SharedReader
from dashboard_data.following.reading import Records
from dashboard_data.metrics import DynamoDbMetrics, MetricsWindow, scopes_of
from dashboard_data.newest import newest_of
from dashboard_data.publishing.publication import MARK_KEPT_S
from dashboard_data.publishing.publisher import DynamoDbPublisher, Outcome, publisher_backoff
from dashboard_data.retry import Backoff
from dashboard_data.slots.lease import Client, Lease, LeaseState, Refusal, RefusalReason
from dashboard_data.slots.slots import StreamSlots
from dashboard_data.times import base36, minute_number, moment_s, utc_text
from dashboard_data.users.configurations import (
    Configuration,
    DynamoDbConfigurations,
    TooManyConfigurations,
)
from dashboard_data.users.sessions import DynamoDbSessions, NewSession, Session

__all__ = [
    "MARK_KEPT_S",
    "Backoff",
    "Client",
    "Clock",
    "Configuration",
    "Cursor",
    "DynamoDbConfigurations",
    "DynamoDbFeed",
    "DynamoDbMetrics",
    "DynamoDbPublisher",
    "DynamoDbSessions",
    "EventId",
    "Feed",
    "FeedEntry",
    "FollowedStream",
    "Head",
    "InvalidItem",
    "Item",
    "Lease",
    "LeaseState",
    "MetricsWindow",
    "NewSession",
    "News",
    "NotAnalysedYet",
    "Outcome",
    "Page",
    "Records",
    "Refusal",
    "RefusalReason",
    "ResetReason",
    "Resumption",
    "Session",
    "SharedReader",
    "StreamSlots",
    "Table",
    "Throttled",
    "TooManyConfigurations",
    "base36",
    "event_id",
    "is_signed_with",
    "minute_number",
    "moment_s",
    "newest_of",
    "parse_event_id",
    "parse_item",
    "publisher_backoff",
    "scopes_of",
    "utc_text",
]
