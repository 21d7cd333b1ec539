"""Decorators of Powertools around a handler that returns a stream, or a whole body.

The payload says which handler is called (`case`) and with what.
"""

from aws_lambda_powertools import Tracer
from aws_lambda_powertools.metrics import Metrics, MetricUnit

tracer = Tracer()
metrics = Metrics()


def text(*pieces):
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": iter(pieces)}


@tracer.capture_lambda_handler
def traced(event, context):
    def body():
        tracer.put_annotation("inside", "yes")
        yield "one "
        yield "two"

    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": body()}


@metrics.log_metrics
def measured(event, context):
    metrics.add_metric("Handled", MetricUnit.Count, 1)

    def body():
        yield "x"
        metrics.add_metric("Streamed", MetricUnit.Count, 1)

    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": body()}


def handler(event, context):
    return globals()[event["case"]](event, context)
