"""Clients of AWS in memory, as far as Powertools calls them. moto would take seconds to start."""

import io
import json

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

OBJECT = b"line 1\nline 2\n" * 10_000


class DynamoDb:
    """The client's calls for one table whose key is `id`."""

    def __init__(self):
        self.items = {}

    def put_item(self, Item, **_):
        key = Item["id"]["S"]
        if key in self.items:
            error = {"Code": "ConditionalCheckFailedException", "Message": "there"}
            response = {"Error": error, "Item": self.items[key]}
            raise ClientError(response, "PutItem")
        self.items[key] = dict(Item)

    def update_item(self, Key, ExpressionAttributeNames, ExpressionAttributeValues, **_):
        item = self.items[Key["id"]["S"]]
        for name, attribute in ExpressionAttributeNames.items():
            item[attribute] = ExpressionAttributeValues[name.replace("#", ":")]

    def get_item(self, Key, **_):
        return {"Item": self.items[Key["id"]["S"]]}

    def delete_item(self, Key, **_):
        self.items.pop(Key["id"]["S"], None)


class Resource:
    """DynamoDB's resource, with one table of parameters."""

    def Table(self, name):
        return self

    def get_item(self, Key, **_):
        return {"Item": {**Key, "value": "of a table"}}


class Ssm:
    def get_parameter(self, Name, **_):
        return {"Parameter": {"Name": Name, "Value": "of ssm "}}

    def get_paginator(self, _):
        return self

    def paginate(self, Path, **_):
        return [{"Parameters": [{"Name": f"{Path}/b", "Value": "b "}]}]


class Secrets:
    def get_secret_value(self, SecretId, **_):
        return {"SecretString": "secret "}


class AppConfig:
    def start_configuration_session(self, **_):
        return {"InitialConfigurationToken": "t"}

    def get_latest_configuration(self, **_):
        content = io.BytesIO(json.dumps({"mode": "of AppConfig"}).encode())
        return {"NextPollConfigurationToken": "t", "Configuration": content}


class S3:
    def head_object(self, **_):
        return {"ContentLength": len(OBJECT)}

    def get_object(self, **_):
        return {"Body": StreamingBody(io.BytesIO(OBJECT), len(OBJECT))}
