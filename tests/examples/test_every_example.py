"""Holds every example to what examples/README.md promises of all of them."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
from lists import read
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from serve_example import EXAMPLES, LAYER, REFERENCE, Refused, commands, copied, folder_of, names

from local_lambda.check import main as check
from tests.examples.serving import interpreter_for, requirements
from tests.support.paths import PACKAGES, ROOT
from tests.support.sam import lint
from tests.support.tools import sam_cli

LAYER_TEXT = """
  StreamingRuntimeLayer:
    Type: AWS::Serverless::LayerVersion
    Properties:
      ContentUri: ../../layers/streaming_runtime
      CompatibleRuntimes: [python3.11, python3.12, python3.13, python3.14]
"""
# Findings of `local-lambda check`, by resource and property: only AWS has these.
ELSEWHERE = {
    "cloudfront": {("Distribution", ""), ("WordsFunction", "FunctionUrlConfig.AuthType")},
    "several-streams": {
        ("Instances", ""),
        ("ReadingsFunction", "CapacityProviderConfig.Arn"),
    },
}
PUBLISHED = "arn:aws:lambda:eu-west-1:123456789012:layer:streaming-runtime:1"

every_example = pytest.mark.parametrize("name", names())


def test_the_list_names_every_example_with_a_line():
    text = (EXAMPLES / "README.md").read_text("utf-8")

    listed = re.findall(r"^\| \[([\w-]+)\]\(\1/README\.md\) \| .+ \|$", text, re.MULTILINE)
    assert sorted(listed) == names()
    assert len(listed) == len(set(listed))


@every_example
def test_a_folder_is_complete(name):
    folder = EXAMPLES / name

    assert (folder / "app").is_dir()
    assert [*folder.glob("tests/test_*.py")]
    assert (ROOT / f"tests/examples/test_{name.replace('-', '_')}.py").is_file()


@every_example
def test_a_readme_says_the_command_and_what_to_try(name):
    text = (EXAMPLES / name / "README.md").read_text("utf-8")

    assert f"    make example NAME={name}\n" in text
    assert "sam build && sam deploy --guided" in text
    assert any("http://127.0.0.1:800" in command for command in commands(EXAMPLES / name))


@every_example
def test_every_template_gets_the_layer_in_the_same_way(name):
    text = (EXAMPLES / name / "template.yaml").read_text("utf-8")

    (block,) = LAYER.findall(text)
    assert block == LAYER_TEXT
    assert REFERENCE in text
    assert "../" not in text.replace(LAYER_TEXT, "")


@every_example
def test_what_a_function_needs_is_what_make_example_installs(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    group = {
        canonicalize_name(Requirement(each).name): Requirement(each)
        for each in project["dependency-groups"]["examples"]
    }
    pins = {canonicalize_name(pin.name): pin.version for pin in read(EXAMPLES / "requirements.txt")}

    for needed in requirements(EXAMPLES / name):
        key = canonicalize_name(needed.name)
        assert key in group, f"{needed} is missing in the group `examples` of pyproject.toml"
        assert needed.extras <= group[key].extras
        assert needed.specifier.contains(pins[key], prereleases=True)


@every_example
def test_the_emulator_serves_all_of_a_template(name):
    served = checked(name, EXAMPLES / name)["served"]

    streaming = [url["mode"] == "RESPONSE_STREAM" for url in served["urls"]]
    streaming += [route["streaming"] for api in served["apis"] for route in api["routes"]]
    assert any(streaming)


@every_example
def test_the_tests_of_an_example_pass(name):
    folder = EXAMPLES / name
    ended = subprocess.run(
        [interpreter_for(folder), "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={
            **os.environ,
            # They need the whole wheel, with the emulator.
            "PYTHONPATH": os.pathsep.join(map(str, (PACKAGES["streaming_runtime"].parent, ROOT))),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # those of our own tests cost seconds
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_templates_are_valid_for_sam_and_cloudformation():
    """`sam validate --lint` for all of them at once, since starting it takes longest."""
    ended = lint(sam_cli(), *(EXAMPLES / name / "template.yaml" for name in names()))

    assert (ended.stdout, ended.returncode) == ("", 0), ended.stderr


# --- copies


@every_example
def test_a_copy_brings_the_layer_along(name, tmp_path):
    copied(name, tmp_path / "mine", layer="")

    assert (tmp_path / "mine/streaming_runtime/bootstrap").is_file()
    checked(name, tmp_path / "mine")


@every_example
def test_a_copy_with_a_published_layer_has_its_arn(name, tmp_path):
    copied(name, tmp_path / "mine", layer=PUBLISHED)

    text = (tmp_path / "mine/template.yaml").read_text("utf-8")
    assert PUBLISHED in text
    assert "StreamingRuntimeLayer" not in text
    checked(name, tmp_path / "mine")


def checked(name, folder):
    """Returns what `local-lambda check` says, which must be nothing but what only AWS has."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = check([str(folder / "template.yaml"), "--json"])
    said = json.loads(out.getvalue())
    found = {(each["resource"], each["property"]) for each in said["findings"]}
    assert (status, said["error"]) == (0, None)
    assert found == ELSEWHERE.get(name, set())
    return said


def test_a_copy_overwrites_nothing(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")

    with pytest.raises(Refused, match="is there already"):
        copied(names()[0], tmp_path, layer="")

    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


@pytest.mark.parametrize("name", ["", "csv", "../examples/csv-export"])
def test_an_unknown_name_gets_the_list(name):
    with pytest.raises(Refused, match="make example NAME=csv-export"):
        folder_of(name)


def test_make_example_alone_lists_them():
    ended = subprocess.run(
        ["make", "--no-print-directory", "example", f"PYTHON={sys.executable}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert all(f"make example NAME={name}" in ended.stderr for name in names())
