"""Tests that no value of a wrong type, wherever it stands, raises out of the reading."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_lambda.application import Application
from local_lambda.template import template
from local_lambda.template.text import TemplateError, parse
from tests.support.corpus import CORPUS

NAMES = sorted(
    path.parent.name
    for pattern in ("api_*", "gateway*", "http_api_*", "load_balancer", "openapi_*")
    for path in CORPUS.glob(f"{pattern}/template.yaml")
)
WRONG = st.sampled_from(
    [
        None,
        True,
        0,
        -1.5,
        10**400,
        "",
        "text",
        "{",
        "arn:aws:lambda:us-east-1:123456789012:function:nobody",
        [],
        [[]],
        [None, {}],
        {},
        {"": None},
        {"a": {"b": []}},
        {"Ref": "Nobody"},
        {"Ref": "AWS::NoValue"},
        {"Fn::GetAtt": []},
        {"Fn::Sub": {"a": 1}},
        {"Fn::If": ["Nobody", 1, 2]},
        {"Fn::Join": ["", ["a", {"Ref": "AWS::Region"}]]},
    ]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("templates")
    (base / "code").mkdir()
    (base / "code/app.py").write_text("def handler(event, context): return {}\n")
    (base / "case").mkdir()
    return base / "case"


def places(value):
    """Returns the maps and lists of a template, each with the keys that lead to its items."""
    found = []
    if isinstance(value, dict):
        found = [(value, key) for key in value]
    elif isinstance(value, list):
        found = [(value, index) for index in range(len(value))]
    for parent, key in tuple(found):
        found += places(parent[key])
    return found


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(NAMES), choice=st.integers(0, 10_000), wrong=WRONG)
def test_a_value_of_a_wrong_type_is_a_finding_or_an_error_of_the_template(
    folder, name, choice, wrong
):
    written = parse((CORPUS / name / "template.yaml").read_text()).values
    written = json.loads(json.dumps(written))
    candidates = places(written["Resources"])
    parent, key = candidates[choice % len(candidates)]
    parent[key] = wrong
    path = folder / "template.json"
    path.write_text(json.dumps(written))

    try:
        application = template.read(path)
    except TemplateError:
        return
    assert isinstance(application, Application)
