"""An ordinary Powertools function. It is written for one invocation at a time, as people do."""

import os
import time

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver

app = LambdaFunctionUrlResolver()
logger = Logger(service="ordinary")
metrics = Metrics(namespace="ordinary", service="ordinary")
latest = {}


@app.get("/mine")
def mine():
    """Returns what the function believes to be this request's, from each place it keeps it."""
    own = app.current_event.headers["x-mine"]
    logger.append_keys(mine=own)
    metrics.add_dimension("mine", own)
    metrics.add_metric(name="seen", unit="Count", value=1)
    latest["mine"] = own
    os.environ["MINE"] = own
    time.sleep(0.01)
    logger.info("seen", extra={"truly": own})
    return {
        "event": app.current_event.headers["x-mine"],
        "global": latest["mine"],
        "variable": os.environ["MINE"],
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "pid": os.getpid(),
    }


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event, context):
    return app.resolve(event, context)
