"""The composition root: environment, clock, randomness and the table's client enter here and nowhere else."""

import os
import random
import time

from aws_lambda_powertools import Logger
from dashboard_data import DynamoDbFeed, DynamoDbMetrics, DynamoDbRecords, DynamoDbSessions, SharedPoll
from dashboard_http.cors import Cors
from dashboard_http.front import make_handler
from dashboard_http.identity import verifier_of
from dashboard_setup.clients import configurations_in, connections_in, dynamodb
from dashboard_setup.settings import Settings

from stream_function.life import CALL_TIMEOUT_S
from stream_function.routes import stream_routes
from stream_function.subscription import Sources

_settings = Settings.of(os.environ)
_logger = Logger()
_client = dynamodb()
_quick = dynamodb(CALL_TIMEOUT_S, attempts=1)  # for what comes between two heartbeats, and is asked again soon
_table = (_client, _settings.table)
_sources = Sources(
    feed=DynamoDbFeed(*_table, time.time),
    metrics=DynamoDbMetrics(*_table, time.time),
    poll=SharedPoll(
        DynamoDbFeed(_quick, _settings.table, time.time),
        DynamoDbRecords(_quick, _settings.table),
        time.time,
        _settings.poll_interval_s,
    ),
    connections=connections_in(_client, _settings),
    upkeep=connections_in(_quick, _settings),
    clock=time.time,
    uniform=random.uniform,
    heartbeat_s=_settings.heartbeat_s,
)
_configurations = configurations_in(_client, _settings)
_sessions = DynamoDbSessions(*_table, time.time, _settings.session_s)
_verify = verifier_of(_settings, _sessions, time.time, _logger)

handler = make_handler(
    lambda: stream_routes(_sources, _configurations, _verify, _settings, _logger), Cors(_settings.cors_origins), _logger
)
