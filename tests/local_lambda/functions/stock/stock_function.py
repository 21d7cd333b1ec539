"""Returns its payload, fails, or counts the records of a stream batch.

Runs on the stock runtime client.
"""

import json
import os

import boto3
import shared_by_layer


def handler(event, context):
    if "Records" in event:
        return _take(event["Records"])
    query = event.get("queryStringParameters") or {}
    if query.get("do") == "raise" or event.get("do") == "raise":
        raise ValueError("asked to")
    if query.get("do") == "binary":
        headers = {"content-type": "image/png"}
        return {"statusCode": 200, "headers": headers, "body": "iVBORw==", "isBase64Encoded": True}
    if query.get("do") == "trace":
        return {"statusCode": 200, "body": os.environ["_X_AMZN_TRACE_ID"]}
    if query.get("do") == "unauthorized":
        return {"statusCode": 401, "headers": {"WWW-Authenticate": "Bearer"}, "body": "no"}
    if query.get("do") == "malformed":
        return {"statusCode": 200, "body": "x", "cookies": []}
    if event.get("do") == "print":
        for number in range(event["n"]):
            print("line", number)
    if event.get("do") == "call":
        payload = json.dumps({"do": "plain"}).encode()
        result = boto3.client("lambda").invoke(FunctionName=event["name"], Payload=payload)
        return json.load(result["Payload"])
    if event.get("do") == "context":
        return {
            "function_name": context.function_name,
            "arn": context.invoked_function_arn,
            "remaining": context.get_remaining_time_in_millis(),
            "custom": context.client_context.custom if context.client_context else None,
            "layer": shared_by_layer.WHERE,
            "other": os.environ.get("OTHER_URL"),
        }
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(event),
    }


def _take(records):
    """Copies each item to SEEN#; fails the first time it meets one that is marked."""
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    for record in records:
        image = record["dynamodb"]["NewImage"]
        key = image["PK"]["S"]
        if "fail_once" in image and "Item" not in table.get_item(
            Key={"PK": f"FAILED#{key}", "SK": "x"}
        ):
            table.put_item(Item={"PK": f"FAILED#{key}", "SK": "x"})
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        if "raise_once" in image and "Item" not in table.get_item(
            Key={"PK": f"RAISED#{key}", "SK": "x"}
        ):
            table.put_item(Item={"PK": f"RAISED#{key}", "SK": "x"})
            raise RuntimeError("asked to, once")
        table.update_item(
            Key={"PK": f"SEEN#{key}", "SK": "x"},
            UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": 1},
        )
    return {"batchItemFailures": []}
