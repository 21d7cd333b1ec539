"""How do the functions reach the table? What their composition roots would otherwise say twice."""

import random
import time
from typing import Any

import boto3
from botocore.config import Config
from dashboard_data import DynamoDbConfigurations, DynamoDbConnections

from dashboard_setup.settings import Settings

CONNECTIONS = 20  # of one client, kept open


def dynamodb(read_timeout_s: float = 3, attempts: int = 2) -> Any:
    """A DynamoDB client. With one attempt, for calls that are made again soon anyway: better an error than late."""
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(
        "dynamodb",
        config=Config(
            connect_timeout=1, read_timeout=read_timeout_s, max_pool_connections=CONNECTIONS, retries=retries
        ),
    )


def connections_in(client: Any, settings: Settings) -> DynamoDbConnections:
    return DynamoDbConnections(
        client,
        settings.table,
        time.time,
        time.sleep,
        random.random,
        limit=settings.max_connections,
        client_limit=settings.client_connections,
        lease_s=settings.lease_s,
    )


def configurations_in(client: Any, settings: Settings) -> DynamoDbConfigurations:
    return DynamoDbConfigurations(client, settings.table, time.time, time.sleep, random.random)
