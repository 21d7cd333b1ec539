"""The objects that the routes work with, handed in by the composition root."""

from dataclasses import dataclass

from dashboard_data import (
    Clock,
    DynamoDbConfigurations,
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbSessions,
    StreamSlots,
)
from dashboard_http.identity import Verifier


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    feed: DynamoDbFeed
    metrics: DynamoDbMetrics
    slots: StreamSlots
    sessions: DynamoDbSessions
    configurations: DynamoDbConfigurations
    verify: Verifier
    clock: Clock
    started_at_s: float  # epoch seconds
    trust_user_id: bool = False
