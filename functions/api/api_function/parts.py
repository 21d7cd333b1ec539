"""What the routes work with, handed in by the composition root."""

from dataclasses import dataclass

from dashboard_data import (
    Clock,
    DynamoDbConfigurations,
    DynamoDbConnections,
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbSessions,
)
from dashboard_http.identity import Verifier


@dataclass(frozen=True, slots=True)
class Parts:
    feed: DynamoDbFeed
    metrics: DynamoDbMetrics
    connections: DynamoDbConnections
    sessions: DynamoDbSessions
    configurations: DynamoDbConfigurations
    verify: Verifier
    clock: Clock
    started_at: float
    trust_user_id: bool = False
