"""What do the operators see of a request? One log record and, if it fails, one metric.

Never a token, a query, a body, or a path as it was sent: an id in it may be a secret.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from dashboard_http.requests import client_id_of_address


def log_request(
    logger: Logger,
    payload: dict[str, Any],
    *,
    method: str,
    route: str,
    status: int,
    duration_s: float,
) -> None:
    """Logs that a request has its response; a stream then begins.

    `route`: as the routes are written, with the names of its parameters.
    """
    fields = {
        "method": method[:16],
        "route": route,
        "status": status,
        "duration_ms": round(duration_s * 1000, 1),
        "client": client_id_of_address(BaseProxyEvent(payload)),
    }
    logger.info("request.responded", extra=fields)


def count_failure(*, outage: bool) -> None:
    """Counts a request that got no response of its route's: in an outage of the table, or a bug."""
    metrics = EphemeralMetrics()
    metrics.add_dimension("reason", "table" if outage else "bug")
    metrics.add_metric("RequestsFailed", MetricUnit.Count, 1)
    metrics.flush_metrics()
