"""The composition root: environment, clock and table enter here and nowhere else."""

import os
import time
from pathlib import Path

from aws_lambda_powertools import Logger
from dashboard_data import DynamoDbFeed, DynamoDbMetrics, DynamoDbSessions
from dashboard_http.compression import Compression
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, make_handler
from dashboard_setup.clients import configurations_in, slots_in, table_of
from dashboard_setup.settings import Settings
from dashboard_setup.verifier import verifier_of

from api_function.configuration_routes import add_configuration_routes
from api_function.dependencies import ApiDependencies, kept_tickers
from api_function.document_routes import add_document_routes
from api_function.page_routes import add_page_routes, read_files
from api_function.public_routes import add_public_routes

_settings = Settings.from_environ(os.environ)
_logger = Logger()
_table = table_of(
    _settings, unreadable=lambda kind: _logger.warning("record.unreadable", kind=kind)
)
_sessions = DynamoDbSessions(_table, time.time, _settings.session_s)
_feed = DynamoDbFeed(_table, time.time)
_metrics = DynamoDbMetrics(_table, time.time)
_dependencies = ApiDependencies(
    feed=_feed,
    metrics=_metrics,
    tickers=kept_tickers(_feed, _metrics, time.time),
    slots=slots_in(_table, _settings, tidies=False),
    sessions=_sessions,
    configurations=configurations_in(_table),
    verify=verifier_of(_settings, _sessions, time.time, _logger),
    clock=time.time,
    started_at_s=time.time(),
    trust_user_id=_settings.trust_user_id,
)
_compression = Compression(on_rest_api=_settings.compress_rest_api)
_files = read_files(Path(__file__).parent / "static")


def _routes() -> Routes:
    router = Routes()
    add_public_routes(router, _dependencies)
    add_configuration_routes(router, _dependencies)
    add_document_routes(router)
    add_page_routes(router, _files, _compression, _settings.fresh_minutes)
    return router


handler = make_handler(
    _routes,
    Cors(_settings.cors_origins),
    _logger,
    timer=time.monotonic,
    base_path=_settings.base_path,
    compression=_compression,
)
