"""The composition root: environment, clock and the table's client enter here and nowhere else."""

import os
import random
import time

import boto3
from aws_lambda_powertools import Logger, Metrics
from botocore.config import Config
from dashboard_data import DynamoDbPublisher

from publish_function.app import make_handler
from publish_function.settings import Settings

_settings = Settings.from_environment(os.environ)
_client = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}),
)
_publisher = DynamoDbPublisher(_client, _settings.table, time.time, time.sleep, random.random)

handler = make_handler(_publisher, time.time, Logger(), Metrics())
