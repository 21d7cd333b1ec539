"""Run by the SAM CLI's own Python: the CloudFormation template that SAM makes of TEMPLATE, as JSON. Nobody is asked."""

import json
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


class AnyManagedPolicy(dict):
    """Instead of AWS's list of managed policies, which would have to be fetched."""

    def get(self, name, default=None):
        return None if str(name).startswith("arn:") else f"arn:aws:iam::aws:policy/{name}"

    def __contains__(self, name):
        return self.get(name) is not None


template = yaml_parse(Path(sys.argv[1]).read_text())
for resource in template["Resources"].values():  # as after the upload
    for key in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
        resource["Properties"][key] = "s3://bucket/key"
parameters = {
    name: declared.get("Default") for name, declared in template.get("Parameters", {}).items()
}
translated = Translator(AnyManagedPolicy(), Parser()).translate(
    template, {**parameters, "AWS::Region": "us-east-1"}
)
print(json.dumps(translated))
