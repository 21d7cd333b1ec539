"""The composition root: environment, clock, randomness and table enter here, nowhere else."""

import os
import random
import time

from aws_lambda_powertools import Logger
from dashboard_data import (
    Backoff,
    DynamoDbFeed,
    DynamoDbMetrics,
    DynamoDbSessions,
    SharedReader,
    Table,
)
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, make_handler
from dashboard_setup.clients import client_of, configurations_in, slots_in
from dashboard_setup.handing_over import HandedOver, are_streams_threads
from dashboard_setup.restoring import after_restore
from dashboard_setup.retrying import Retrying
from dashboard_setup.settings import Settings
from dashboard_setup.verifier import verifier_of

from stream_function.door import AT_ONCE
from stream_function.first_read import read_once, rehearse_writes
from stream_function.life import CALL_TIMEOUT_S
from stream_function.routes import stream_routes
from stream_function.subscription import StreamDependencies

POLLS_AT_ONCE = 2
QUICK_AT_ONCE = 16  # one renews; others catch up
OPENING_PATIENCE_S = 6.0
OPENING_BACKOFF = Backoff(time.sleep, random.random, most_tries=2, first_pause_s=0.2)

_settings = Settings.from_environ(os.environ)
_logger = Logger()
# Each call of an open stream is made once: the stream is silent meanwhile, and makes it again soon.
_client = client_of(
    connect_timeout_s=CALL_TIMEOUT_S / 4, read_timeout_s=CALL_TIMEOUT_S * 3 / 4, attempts=1
)
_polling_client = _quick_client = _opening_client = _client
if are_streams_threads(os.environ):
    # Openings must not keep open streams waiting, and neither of them the poll for all.
    _polling_client = HandedOver(_client, POLLS_AT_ONCE, CALL_TIMEOUT_S)
    _quick_client = HandedOver(_client, QUICK_AT_ONCE, CALL_TIMEOUT_S)
    _opening_client = HandedOver(_client, AT_ONCE, OPENING_PATIENCE_S)
_quick_table = Table(_quick_client, _settings.table, batch_tries=1)
# The calls that open a stream are made twice.
_table = Table(Retrying(_opening_client, OPENING_BACKOFF), _settings.table)
_dependencies = StreamDependencies(
    feed=DynamoDbFeed(_table, time.time),
    metrics=DynamoDbMetrics(_quick_table, time.time),
    reader=SharedReader(
        DynamoDbFeed(_quick_table, time.time),
        Table(_polling_client, _settings.table, batch_tries=1),
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


def _read_once() -> None:
    read_once(_quick_table, _dependencies.metrics, time.time)


if os.environ.get("STREAMING_RUNTIME_CONCURRENCY") != "shared":  # its import may open nothing
    _read_once()
rehearse_writes(Table(_client, _settings.table))
after_restore(_read_once)
