"""Tests that isolated functions see no package of the interpreter.

Functions of built artefacts must not need one.
"""

import json

import pytest

from local_lambda import Emulator

TEMPLATE = {
    "Resources": {
        "Looking": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "code",
                "Handler": "looking.handler",
                "Runtime": "python3.13",
            },
        }
    }
}
LOOKING = """
import importlib.util

def handler(event, context):
    return [name for name in ("awslambdaric", "boto3", "pytest") if importlib.util.find_spec(name)]
"""


@pytest.mark.parametrize(
    ("options", "seen"),
    [([], ["awslambdaric", "boto3", "pytest"]), (["--isolated"], ["awslambdaric"])],
)
def test_an_isolated_function_has_the_standard_library_and_the_stock_client(
    tmp_path, options, seen
):
    (tmp_path / "code").mkdir()
    (tmp_path / "code/looking.py").write_text(LOOKING)
    (tmp_path / "template.json").write_text(json.dumps(TEMPLATE))
    with Emulator(tmp_path / "template.json", *options) as emulator:
        assert emulator.invoke("Looking").json() == seen
