"""The composition root: environment, clock and the table enter here and nowhere else."""

import os
import time

from aws_lambda_powertools import Logger, Metrics
from dashboard_data import DynamoDbPublisher
from dashboard_setup.clients import PUBLISHER_BACKOFF, table_of
from dashboard_setup.settings import Settings

from publish_function.app import make_handler

_settings = Settings.from_environ(os.environ, only={"table"})
_publisher = DynamoDbPublisher(table_of(_settings), time.time, PUBLISHER_BACKOFF)

handler = make_handler(_publisher, time.time, Logger(), Metrics())
