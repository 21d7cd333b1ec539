"""Serves what CDK makes of its version of the chat; holds it and Terraform's to the template."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from serve_example import fronts

from local_lambda import Emulator
from tests.examples import cdk_template
from tests.examples.chat_client import TOKEN, ask, conversation
from tests.examples.serving import FRONTS
from tests.support import model as models
from tests.support.paths import ROOT

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples/bedrock-chat"
PYTHON = ROOT / ".venv-cdk/bin/python"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    template = tmp_path_factory.mktemp("cdk") / "template.json"
    template.write_text(for_this_python(cdk_template.TEMPLATE.read_text("utf-8")))
    with models.running() as model:
        endpoint = f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={model.url}"
        passed = ("--pass-env", endpoint, "--strict")
        with Emulator(template, *passed, parameters={"ChatToken": TOKEN}) as emulator:
            yield model, emulator


def for_this_python(template):
    """Returns it with the runtime that the tests run on: --strict accepts no other one."""
    assert template.count('"Runtime": "python3.13"') == 1
    runtime = f"python3.{sys.version_info.minor}"
    in_place = template.replace("../../../", f"{ROOT}/")
    return in_place.replace('"Runtime": "python3.13"', f'"Runtime": "{runtime}"')


@pytest.mark.parametrize("front", FRONTS)
def test_the_stack_streams_through_both_fronts(running, front):
    model, emulator = running
    model.say("Hello")
    model.finish()

    events = ask(f"{fronts(emulator.addresses)[front]}chat", conversation("Hello"))

    assert [kind for kind, _ in events] == ["word", "stop", "end"]


def test_the_template_was_made_of_the_stack_as_it_is():
    template = json.loads(cdk_template.TEMPLATE.read_text("utf-8"))

    advice = ".venv-cdk/bin/python tests/examples/cdk_template.py writes it anew"
    assert template["Metadata"]["MadeOf"] == cdk_template.digest(), advice


@pytest.mark.skipif(not PYTHON.is_file(), reason=f"see {cdk_template.__name__}: no .venv-cdk")
def test_the_template_is_what_cdk_makes_of_the_stack():
    made = cdk_template.synthesised(str(PYTHON))

    assert json.loads(cdk_template.TEMPLATE.read_text("utf-8")) == made


def test_the_three_versions_describe_the_same_function():
    template = json.loads(cdk_template.TEMPLATE.read_text("utf-8"))
    (function,) = (
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
    )
    variables = {*function["Environment"]["Variables"]}
    sam = (EXAMPLE / "template.yaml").read_text("utf-8")
    terraform = (EXAMPLE / "terraform/main.tf").read_text("utf-8")

    assert {*re.findall(r"^ {10}([A-Z_]+):", sam, re.MULTILINE)} == variables
    assert {*re.findall(r"^ {6}([A-Z_]+) +=", terraform, re.MULTILINE)} == variables
    for text in (sam, terraform):
        assert re.search(rf"timeout\W+{function['Timeout']}\b", text, re.IGNORECASE)
        assert re.search(rf"memory_?size\W+{function['MemorySize']}\b", text, re.IGNORECASE)
        assert re.search(rf"handler\W+{function['Handler']}\b", text, re.IGNORECASE)


@pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed")
def test_terraform_reads_its_version(tmp_path):
    (tmp_path / "terraform.rc").touch()
    environ = {**os.environ, "TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc")}
    ended = subprocess.run(
        ["terraform", "fmt", "-check", "-diff"],
        cwd=EXAMPLE / "terraform",
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
