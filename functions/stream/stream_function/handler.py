"""The composition root: environment, clock, randomness and the table's client enter here and nowhere else."""

import os
import random
import time

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from dashboard_data import (
    DynamoDbConfigurations,
    DynamoDbConnections,
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbRecords,
    DynamoDbSessions,
    SharedPoll,
)
from dashboard_http.cors import Cors
from dashboard_http.front import make_handler
from dashboard_http.identity import verifier_of
from dashboard_http.settings import Settings

from stream_function.routes import stream_routes
from stream_function.subscription import Sources

_settings = Settings.of(os.environ)
_logger = Logger()
_table = (
    boto3.client(
        "dynamodb",
        config=Config(
            connect_timeout=1,
            read_timeout=3,
            max_pool_connections=20,
            retries={"mode": "standard", "total_max_attempts": 2},
        ),
    ),
    _settings.table,
)
_feed = DynamoDbFeed(*_table, time.time)
_connections = DynamoDbConnections(
    *_table,
    time.time,
    time.sleep,
    random.random,
    limit=_settings.max_connections,
    client_limit=_settings.client_connections,
    lease_s=_settings.lease_s,
)
_sources = Sources(
    feed=_feed,
    metrics=DynamoDbMetrics(*_table, time.time),
    poll=SharedPoll(_feed, DynamoDbRecords(*_table), time.time, _settings.poll_interval_s),
    connections=_connections,
    clock=time.time,
    uniform=random.uniform,
    heartbeat_s=_settings.heartbeat_s,
)
_configurations = DynamoDbConfigurations(*_table, time.time)
_sessions = DynamoDbSessions(*_table, time.time, _settings.session_s)
_verify = verifier_of(_settings, _sessions, time.time, _logger)

handler = make_handler(
    lambda: stream_routes(_sources, _configurations, _verify, _settings, _logger), Cors(_settings.cors_origins), _logger
)
