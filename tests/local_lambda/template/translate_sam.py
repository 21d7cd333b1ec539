"""Prints what SAM's own translator makes of templates; runs in the SAM CLI's Python.

The arguments are templates. Prints one line of JSON: for each of them the template that
CloudFormation would get, or a list of errors.
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


def translated(path):
    # The translator takes code from S3 only.
    text = Path(path).read_text().replace("CodeUri: ../code", "CodeUri: s3://bucket/code.zip")
    try:
        made = Translator({}, Parser()).translate(yaml_parse(text), {})
    except InvalidDocumentException as error:
        return [cause.message for cause in error.causes]
    for resource in made["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Metadata"] = {"aws:asset:path": "../code", "aws:asset:property": "Code"}
    return made


if __name__ == "__main__":
    print(json.dumps([translated(path) for path in sys.argv[1:]]))
