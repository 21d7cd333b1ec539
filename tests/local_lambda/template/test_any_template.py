"""Tests that no template, however wrong, gives anything but an application or a sentence."""

import contextlib
import copy
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from local_lambda import check
from local_lambda.template import template
from local_lambda.template.inputs import Inputs
from local_lambda.template.shape import load_template
from local_lambda.template.text import TemplateError, parse, read_text
from tests.support.paths import ROOT

pytestmark = pytest.mark.once

CORPUS = Path(__file__).parents[1] / "corpus"
WRONG = [
    None,
    [],
    {},
    "",
    "text with ${Missing}",
    "a" * 300,
    "\x00",
    "\ud800",
    "/",
    "${",
    "true",
    "{{resolve:ssm:/x}}",
    0,
    -1,
    1.5,
    float("inf"),
    float("nan"),
    10**30,
    True,
    [None],
    [[]],
    [{}],
    {"": ""},
    {"a": None},
    {"Ref": "F"},
    {"Ref": "Missing"},
    {"Ref": "AWS::NoValue"},
    {"Ref": []},
    {"Fn::GetAtt": ["F", "Arn"]},
    {"Fn::GetAtt": ["Missing", "x"]},
    {"Fn::If": 1},
    {"Fn::If": ["Missing", 1, 2]},
    {"Fn::Join": ["", [{}]]},
    {"Fn::Split": [",", "a,b"]},
    {"Fn::ImportValue": "x"},
    {"Fn::Sub": "${AWS::Region}"},
    {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": 5}}},
    {"Fn::Transform": "AWS::Include"},
    {"Fn::ForEach::X": ["A", ["b"], {"${A}": 1}]},
    {"Fn::ForEach::X": 1},
]


def written():
    """Returns the values of the corpus's templates, and of the repository's, by their path."""
    values = {}
    for path in [*sorted(CORPUS.glob("*/template.*")), ROOT / "template.yaml"]:
        with contextlib.suppress(TemplateError):
            values[path] = parse(read_text(path)).values
    return values


WRITTEN = written()


def places(value, place=()):
    """Yields the places of all parts of a value, with the mapping or list that holds each."""
    items = []
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield value, key
        yield from places(item, (*place, key))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_part_of_a_template_may_be_wrong(tmp_path, data):
    path = data.draw(st.sampled_from(sorted(WRITTEN)))
    values = copy.deepcopy(WRITTEN[path])
    for _ in range(data.draw(st.integers(1, 3))):
        parts = list(places(values))
        if not parts:
            break
        holder, key = parts[data.draw(st.integers(0, len(parts) - 1))]
        holder[key] = copy.deepcopy(data.draw(st.sampled_from(WRONG)))
    for folder in ("code", "fn"):
        (tmp_path / folder).mkdir(exist_ok=True)
    changed = tmp_path / "template.json"
    changed.write_text(json.dumps(values).replace("../code", "code"))

    inputs = Inputs(variables={"F": {"A": [1]}, "Parameters": {"B": None}})
    with contextlib.suppress(TemplateError):
        application = template.read(changed, inputs=inputs)
        for finding in application.findings:
            assert finding.text
            assert finding.line >= 0
        assert list(check.described("template.json", application))
        json.dumps(check.document("template.json", application))


@given(st.text(max_size=60))
@example("{{")
@example("? [a]\n: b")
@example("Resources: {a: &b {c: *b}}")
def test_any_text_is_a_template_or_a_sentence(text):
    with contextlib.suppress(TemplateError):
        load_template(text)


@given(st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_a_template_or_a_sentence(tmp_path, data):
    path = tmp_path / "template.yaml"
    path.write_bytes(data)
    with contextlib.suppress(TemplateError):
        load_template(read_text(path))
