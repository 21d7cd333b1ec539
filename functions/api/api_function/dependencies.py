"""The objects that the routes work with, handed in by the composition root."""

from dataclasses import dataclass
from typing import Any

from dashboard_data import (
    Clock,
    DynamoDbConfigurations,
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbSessions,
    StreamSlots,
)
from dashboard_http.identity import Verifier

from api_function.kept import Kept

TICKERS_KEPT_S = 10


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    feed: DynamoDbFeed
    metrics: DynamoDbMetrics
    tickers: Kept[dict[str, Any]]
    slots: StreamSlots
    sessions: DynamoDbSessions
    configurations: DynamoDbConfigurations
    verify: Verifier
    clock: Clock
    started_at_s: float  # epoch seconds
    trust_user_id: bool = False


def kept_tickers(
    feed: DynamoDbFeed, metrics: DynamoDbMetrics, clock: Clock
) -> Kept[dict[str, Any]]:
    """Makes the body of `GET /api/v2/tickers`: the same for all clients, for some seconds."""
    return Kept(lambda: metrics.tickers(feed.head().epoch), clock, TICKERS_KEPT_S)
