"""The one table: feed, metrics, sessions, configurations and connection leases. docs/data.md names every access.

Nothing here imports boto3: a low-level DynamoDB client, the table's name and a clock are handed in. What clients send
is validated in `dashboard_data.users.drafts`, which alone needs pydantic and is not imported here.
"""

from dashboard_data.dynamodb import Clock
from dashboard_data.feed.cursor import Cursor, EventId, base36, event_id, genuine, parse_event_id
from dashboard_data.feed.feed import FUTURE, REBUILT, TOO_OLD, UNKNOWN, DynamoDbFeed, Feed, FeedEntry, Page, Resumption
from dashboard_data.feed.head import Head
from dashboard_data.feed.item import InvalidItem, Item, parse_item
from dashboard_data.following.followed import News, Watch
from dashboard_data.following.reader import SharedPoll
from dashboard_data.hourly import DynamoDbMetrics
from dashboard_data.metrics import MetricsWindow, scopes_of
from dashboard_data.publishing.publisher import DynamoDbPublisher, Outcome
from dashboard_data.records import DynamoDbRecords, Records, Throttled
from dashboard_data.slots.lease import CLOSING, HELD, LOST, Lease
from dashboard_data.slots.slots import BUSY, CLIENT_FULL, FULL, LEFT, DynamoDbConnections, Refusal
from dashboard_data.times import utc_text
from dashboard_data.users.configurations import Configuration, DynamoDbConfigurations, TooManyConfigurations
from dashboard_data.users.sessions import DynamoDbSessions, NewSession, Session

__all__ = [
    "BUSY",
    "CLIENT_FULL",
    "CLOSING",
    "FULL",
    "FUTURE",
    "HELD",
    "LEFT",
    "LOST",
    "REBUILT",
    "TOO_OLD",
    "UNKNOWN",
    "Clock",
    "Configuration",
    "Cursor",
    "DynamoDbConfigurations",
    "DynamoDbConnections",
    "DynamoDbFeed",
    "DynamoDbMetrics",
    "DynamoDbPublisher",
    "DynamoDbRecords",
    "DynamoDbSessions",
    "EventId",
    "Feed",
    "FeedEntry",
    "Head",
    "InvalidItem",
    "Item",
    "Lease",
    "MetricsWindow",
    "NewSession",
    "News",
    "Outcome",
    "Page",
    "Records",
    "Refusal",
    "Resumption",
    "Session",
    "SharedPoll",
    "Throttled",
    "TooManyConfigurations",
    "Watch",
    "base36",
    "event_id",
    "genuine",
    "parse_event_id",
    "parse_item",
    "scopes_of",
    "utc_text",
]
