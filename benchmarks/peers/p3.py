"""P3: the stock runtime client with Powertools and boto3. It buffers: a client sees the whole."""

import os

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response

logger = Logger(service="peer")
metrics = Metrics(namespace="peer", service="peer")
app = LambdaFunctionUrlResolver()
client = boto3.client("dynamodb")
HEAD = {"PK": {"S": "FEED"}, "SK": {"S": "HEAD"}}


@app.get("/api/v2/stream")
def stream() -> Response[str]:
    item = client.get_item(TableName=os.environ["BENCH_TABLE"], Key=HEAD)["Item"]
    body = f'event: position\ndata: {{"seq":{item["seq"]["N"]}}}\n\n'
    return Response(200, "text/event-stream", body)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, object], context: object) -> dict[str, object]:
    result: dict[str, object] = app.resolve(event, context)
    return result
