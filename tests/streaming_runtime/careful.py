"""The function of `ordinary.py`, written for threads as docs/concurrency.md says."""

import os
import threading
import time
from contextvars import ContextVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.data_classes import LambdaFunctionUrlEvent
from streaming_runtime import TRACE_ID

logger = Logger(service="careful")
latest: ContextVar[str] = ContextVar("latest")
of_thread = threading.local()


def resolver():
    """Returns this thread's own resolver."""
    if not hasattr(of_thread, "app"):
        of_thread.app = LambdaFunctionUrlResolver()
        of_thread.app.get("/mine")(mine)
    return of_thread.app


def mine():
    app = resolver()
    own = app.current_event.headers["x-mine"]
    request_id = app.lambda_context.aws_request_id
    metrics = EphemeralMetrics(namespace="careful", service="careful")
    logger.thread_safe_append_keys(mine=own, function_request_id=request_id)
    metrics.add_dimension("mine", own)
    metrics.add_metric(name="seen", unit="Count", value=1)
    latest.set(own)
    time.sleep(0.01)
    logger.info("seen", extra={"truly": own})
    metrics.flush_metrics()
    return {
        "event": app.current_event.headers["x-mine"],
        "global": latest.get(),
        "trace": TRACE_ID.get(),
        "pid": os.getpid(),
    }


def handler(event, context):
    app = resolver()
    # Powertools keeps both in a class. Attributes of the object hide those.
    app.current_event = LambdaFunctionUrlEvent(event)
    app.lambda_context = context
    try:
        return app.resolve(event, context)
    finally:
        logger.thread_safe_clear_keys()
