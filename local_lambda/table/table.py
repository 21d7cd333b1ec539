"""Creates the application's tables, in a moto process or on the user's own DynamoDB endpoint."""

import logging
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, WaiterError

from local_lambda.application import Table
from local_lambda.environments.credentials import own_variables
from local_lambda.environments.processes import ProcessGroup, Reaper

_log = logging.getLogger(__name__)


def make_client(service: str, url: str, region: str, attempts: int) -> Any:
    """Returns a boto3 client that uses no AWS account and none of the user's AWS settings."""
    return boto3.Session(botocore_session=_without_settings()).client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        aws_session_token="local",
        config=Config(
            retries={"mode": "standard", "max_attempts": attempts},
            connect_timeout=5,
            read_timeout=30,
            proxies={},
        ),
    )


def _without_settings() -> botocore.session.Session:
    """Returns a session that reads no variable and no file of the user's.

    `AWS_PROFILE` may name a profile that does not exist, and a configuration may be broken.
    """
    known = botocore.session.Session.SESSION_VARIABLES.items()
    own = {name: (file, None, default, type_) for name, (file, _, default, type_) in known}
    for name in ("config_file", "credentials_file"):
        own[name] = (None, None, os.devnull, None)
    return botocore.session.Session(session_vars=own)


async def start_moto(reaper: Reaper, host: str, port: int) -> tuple[ProcessGroup, str]:
    """Starts moto. Returns the process and its URL. Raises OSError.

    The socket listens at once, so clients that connect early wait for moto.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
        program = Path(__file__).parents[1] / "programs/moto_process.py"
        descriptor = listener.fileno()
        group = await reaper.start(
            [sys.executable, str(program), str(descriptor)],
            variables=own_variables(os.environ),
            directory=Path.cwd(),
            name="dynamodb",
            pass_fds=(descriptor,),
        )
        return group, f"http://{host}:{listener.getsockname()[1]}"


def create_missing_tables(dynamodb: Any, tables: Iterable[Table]) -> dict[str, str | None]:
    """Creates the tables that do not exist. One that DynamoDB refuses is named, and left out.

    Returns the ARN of each table's stream by logical id, or None for a table without a stream.
    Raises OSError if DynamoDB cannot be reached.
    """
    arns = {}
    for table in tables:
        try:
            arns[table.logical_id] = _create(dynamodb, table)
        except (ClientError, ParamValidationError, WaiterError) as error:
            reason = " ".join(str(error).split())
            _log.error("table.refused %s is left out: %s", table.logical_id, reason)
        except BotoCoreError as error:
            raise OSError(f"the table: {error}; --dynamodb-endpoint names another") from error
    return arns


def _create(dynamodb: Any, table: Table) -> str | None:
    definition = {"BillingMode": "PAY_PER_REQUEST", **table.definition}
    if "ProvisionedThroughput" in table.definition and "BillingMode" not in table.definition:
        definition["BillingMode"] = "PROVISIONED"
    try:
        dynamodb.create_table(TableName=table.name, **definition)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
    dynamodb.get_waiter("table_exists").wait(
        TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    return dynamodb.describe_table(TableName=table.name)["Table"].get("LatestStreamArn")
