"""Prints the routes that SAM's own translator makes of templates; runs in the SAM CLI's Python.

The arguments are templates. Prints one line of JSON: for each of them a map of APIs to routes, or
a list of errors.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")


def translated(path):
    # The translator takes code from S3 only.
    text = Path(path).read_text().replace("CodeUri: ../code", "CodeUri: s3://bucket/code.zip")
    try:
        made = Translator({}, Parser()).translate(yaml_parse(text), {})
    except InvalidDocumentException as error:
        return [cause.message for cause in error.causes]
    return {
        name: routes(resource["Properties"].get("Body") or {})
        for name, resource in made["Resources"].items()
        if resource["Type"] in APIS
    }


def routes(body):
    found = []
    for path, item in body.get("paths", {}).items():
        for key, operation in item.items():
            if isinstance(operation, dict) and INTEGRATION in operation:
                method = "ANY" if key == ANY_METHOD else key.upper()
                found.append(f"{method} {path}")
    return sorted(found)


if __name__ == "__main__":
    print(json.dumps([translated(path) for path in sys.argv[1:]]))
