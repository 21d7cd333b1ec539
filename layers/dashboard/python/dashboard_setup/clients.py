"""How do the functions reach the table? Built here for all three composition roots.

From botocore, which is what boto3's clients are made of: `import boto3` loads its resources and
the transfers of S3 too, a tenth of a function's start.
"""

import os
import random
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore import __version__ as botocore_version
from botocore.config import Config
from botocore.session import Session
from dashboard_data import Backoff, DynamoDbConfigurations, StreamSlots, Table, publisher_backoff

from dashboard_setup.garbled import refuse_garbled
from dashboard_setup.restoring import after_restore
from dashboard_setup.settings import Settings

CONNECT_TIMEOUT_S = 1
MAX_POOL_CONNECTIONS = 20  # kept open by one client
# botocore makes one of fourteen parts, twice for each request: 7 % of what a request costs.
USER_AGENT = f"lambda-sse Botocore/{botocore_version}"
BACKOFF = Backoff(time.sleep, random.random)
PUBLISHER_BACKOFF = publisher_backoff(time.sleep, random.random)


def table_of(
    settings: Settings,
    *,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = 3,
    attempts: int = 2,
    unreadable: Callable[[str], None] = lambda _: None,
) -> Table:
    """Returns the table, with a client of its own. `unreadable`: see Table."""
    client = client_of(
        connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s, attempts=attempts
    )
    return Table(client, settings.table, batch_tries=attempts, unreadable=unreadable)


def client_of(*, connect_timeout_s: float, read_timeout_s: float, attempts: int) -> Any:
    """Returns a low-level client of DynamoDB, as `boto3.client` would. Not from several threads.

    With one attempt, for calls that are made again soon anyway: better an error than late. The
    connections of a snapshot are closed when it is restored.
    """
    config = Config(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        max_pool_connections=MAX_POOL_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent=_user_agent(os.environ.get("AWS_SDK_UA_APP_ID", "")),
    )
    client = _session().create_client("dynamodb", config=config)
    refuse_garbled(client)
    after_restore(client.close)  # it opens new ones with the next call
    return client


def _user_agent(app_id: str) -> str:
    """Returns what requests say of who makes them, with the name that users may give it.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html
    """
    return f"{USER_AGENT} app/{app_id}" if app_id else USER_AGENT


def slots_in(
    table: Table, settings: Settings, *, quick_table: Table | None = None, tidies: bool = True
) -> StreamSlots:
    """Returns the slots. `quick_table`: for renewals and counts, which keep no stream waiting.

    `tidies`: for functions that take slots, and may delete what dead processes left.
    """
    return StreamSlots(
        table,
        time.time,
        BACKOFF,
        quick_table=quick_table,
        limit=settings.max_connections,
        client_limit=settings.client_connections,
        network_limit=settings.network_connections,
        reserved=settings.reserved_connections,
        lease_s=settings.lease_s,
        tidies=tidies,
    )


def configurations_in(table: Table) -> DynamoDbConfigurations:
    return DynamoDbConfigurations(table, time.time, BACKOFF)


@cache
def _session() -> Session:
    """Returns what clients share: credentials, and the description of the service."""
    return Session()
