"""The composition root: environment, clock, randomness and table enter here, nowhere else."""

import os
import random
import time

from aws_lambda_powertools import Logger
from dashboard_data import DynamoDbFeed, DynamoDbMetrics, DynamoDbSessions, SharedReader
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, make_handler
from dashboard_setup.clients import configurations_in, slots_in, table_of
from dashboard_setup.settings import Settings
from dashboard_setup.verifier import verifier_of

from stream_function.life import CALL_TIMEOUT_S
from stream_function.routes import stream_routes
from stream_function.subscription import StreamDependencies

_settings = Settings.from_environ(os.environ)
_logger = Logger()
_table = table_of(_settings)
# For the calls of an open stream, which is silent meanwhile. They are made again soon.
_quick_table = table_of(
    _settings,
    connect_timeout_s=CALL_TIMEOUT_S / 4,
    read_timeout_s=CALL_TIMEOUT_S * 3 / 4,
    attempts=1,
)
_dependencies = StreamDependencies(
    feed=DynamoDbFeed(_table, time.time),
    metrics=DynamoDbMetrics(_quick_table, time.time),
    reader=SharedReader(
        DynamoDbFeed(_quick_table, time.time),
        _quick_table,
        time.time,
        _settings.poll_interval_s,
    ),
    slots=slots_in(_table, _settings, quick_table=_quick_table),
    configurations=configurations_in(_table),
    clock=time.time,
    uniform=random.uniform,
    logger=_logger,
)
_sessions = DynamoDbSessions(_table, time.time, _settings.session_s)
_verify = verifier_of(_settings, _sessions, time.time, _logger)


def _routes() -> Routes:
    return stream_routes(_dependencies, _verify, _settings)


handler = make_handler(
    _routes,
    Cors(_settings.cors_origins),
    _logger,
    timer=time.monotonic,
    base_path=_settings.base_path,
)
