"""These fixtures run the publish function in this process."""

import pytest
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics.provider.cold_start import reset_cold_start_flag
from dashboard_data import DynamoDbPublisher, Table, publisher_backoff
from publish_function.app import make_handler

from tests.publish_function.stream_records import Context, sequence
from tests.support.fakes import MeddledClient
from tests.support.witness import Heard


@pytest.fixture
def log():
    return Heard()


@pytest.fixture
def invoke(client, table, clock, log):
    def run(*records, meddle=None, context=None):
        publisher = DynamoDbPublisher(
            Table(MeddledClient(client, meddle), table),
            clock,
            publisher_backoff(clock.sleep, lambda: 0.5),
        )
        logger = Logger(service=f"publish-{next(sequence)}", stream=log)
        handler = make_handler(
            publisher, clock, logger, Metrics(namespace="Test", service="publish")
        )
        return handler({"Records": list(records)}, context or Context())

    reset_cold_start_flag()
    return run
