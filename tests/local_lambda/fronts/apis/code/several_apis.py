"""Echoes its payload, or authorizes requests that name a user."""

import json


def echo(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}


def authorize(event, context):
    user = event["headers"]["authorization"]
    return {"isAuthorized": user != "nobody", "context": {"user": user}}
