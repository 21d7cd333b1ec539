"""The composition root: environment, clock, randomness and the table's client enter here and nowhere else."""

import os
import time
from pathlib import Path

from aws_lambda_powertools import Logger
from dashboard_data import DynamoDbFeed, DynamoDbMetrics, DynamoDbSessions
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, make_handler
from dashboard_http.identity import verifier_of
from dashboard_setup.clients import configurations_in, connections_in, dynamodb
from dashboard_setup.settings import Settings

from api_function.configuration_routes import add_configuration_routes
from api_function.document_routes import add_document_routes
from api_function.open_routes import add_open_routes
from api_function.page_routes import add_page_routes, read_files
from api_function.parts import Parts

_settings = Settings.of(os.environ)
_logger = Logger()
_client = dynamodb()
_table = (_client, _settings.table)
_sessions = DynamoDbSessions(*_table, time.time, _settings.session_s)
_parts = Parts(
    feed=DynamoDbFeed(*_table, time.time),
    metrics=DynamoDbMetrics(*_table, time.time),
    connections=connections_in(_client, _settings),
    sessions=_sessions,
    configurations=configurations_in(_client, _settings),
    verify=verifier_of(_settings, _sessions, time.time, _logger),
    clock=time.time,
    started_at=time.time(),
    trust_user_id=_settings.trust_user_id,
)
_files = read_files(Path(__file__).parent / "static")


def _routes() -> Routes:
    router = Routes()
    add_open_routes(router, _parts)
    add_configuration_routes(router, _parts)
    add_document_routes(router)
    add_page_routes(router, _files)
    return router


handler = make_handler(_routes, Cors(_settings.cors_origins), _logger)
