"""Prints the CloudFormation template that SAM makes of TEMPLATE, as JSON.

The SAM CLI's own Python runs this file. It makes no request to AWS.
"""

import json
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


class AnyManagedPolicy(dict):
    """Replaces AWS's list of managed policies, which would have to be fetched."""

    def get(self, name: object, default: object = None) -> str | None:
        return None if str(name).startswith("arn:") else f"arn:aws:iam::aws:policy/{name}"

    def __contains__(self, name: object) -> bool:
        return self.get(name) is not None


template = yaml_parse(Path(sys.argv[1]).read_text())
for resource in template["Resources"].values():  # as if they were uploaded
    for key in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
        if not resource["Properties"][key].startswith("s3://"):
            resource["Properties"][key] = "s3://bucket/key"
parameters = {
    name: declared.get("Default") for name, declared in template.get("Parameters", {}).items()
}
translated = Translator(AnyManagedPolicy(), Parser()).translate(
    template, {**parameters, "AWS::Region": "us-east-1"}
)
print(json.dumps(translated))
