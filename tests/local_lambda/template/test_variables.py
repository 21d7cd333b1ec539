"""Tests which variables `--env-vars` sets, for which functions."""

import json

import pytest

from local_lambda.template import template
from local_lambda.template.inputs import Inputs

FUNCTION = {
    "Type": "AWS::Serverless::Function",
    "Metadata": {"aws:cdk:path": "Stack/Nested/Hello/Resource"},
    "Properties": {
        "FunctionName": "hello-dev",
        "CodeUri": ".",
        "Handler": "app.handler",
        "Runtime": "python3.13",
        "Environment": {"Variables": {"LEVEL": "info", "TABLE": {"Ref": "Missing"}}},
    },
}


def read(tmp_path, variables, function=FUNCTION):
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": {"HelloFunction": function}}))
    return template.read(path, inputs=Inputs(variables=variables))


@pytest.mark.parametrize("name", ["HelloFunction", "hello-dev", "Hello", "Parameters"])
def test_a_function_goes_by_its_logical_id_its_name_or_its_cdk_id(tmp_path, name):
    application = read(tmp_path, {name: {"LEVEL": "debug"}})
    assert application.functions["HelloFunction"].environment["LEVEL"] == "debug"
    assert not [each for each in application.findings if "--env-vars" in each.text]


def test_a_function_goes_by_the_id_of_its_metadata(tmp_path):
    function = {**FUNCTION, "Metadata": {"SamResourceId": "Mine"}}
    application = read(tmp_path, {"Mine": {"LEVEL": "debug"}}, function)
    assert application.functions["HelloFunction"].environment["LEVEL"] == "debug"


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (5, "5"), (1.5, "1.5"), (None, ""), ([1], ""), ({}, ""), ("", "")],
)
def test_a_value_becomes_the_text_that_sam_makes_of_it(tmp_path, value, text):
    application = read(tmp_path, {"HelloFunction": {"LEVEL": value}})
    assert application.functions["HelloFunction"].environment["LEVEL"] == text


def test_a_function_s_own_values_count_before_those_for_all(tmp_path):
    variables = {"Parameters": {"LEVEL": "all"}, "Hello": {"LEVEL": "own"}}
    application = read(tmp_path, variables)
    assert application.functions["HelloFunction"].environment["LEVEL"] == "own"


def test_a_value_that_is_given_settles_what_was_found_about_the_variable(tmp_path):
    assert "no such parameter" in str(read(tmp_path, {}).findings[0])
    application = read(tmp_path, {"Hello": {"TABLE": "items"}})
    assert application.functions["HelloFunction"].environment["TABLE"] == "items"
    assert [each for each in application.findings if "TABLE" in str(each)] == []


@pytest.mark.parametrize(("variables", "left"), [({"Parameters": {"KEY": "k"}}, 0), ({}, 1)])
def test_a_value_settles_what_was_found_in_globals_if_all_functions_have_it(
    tmp_path, variables, left
):
    shared = {
        "CodeUri": ".",
        "Handler": "app.handler",
        "Runtime": "python3.13",
        "Environment": {"Variables": {"KEY": "{{resolve:ssm:/key}}"}},
    }
    function = {"Type": "AWS::Serverless::Function"}
    values = {"Globals": {"Function": shared}, "Resources": {"F": function, "G": function}}
    path = tmp_path / "template.json"
    path.write_text(json.dumps(values))
    for given in (variables, {**variables, "F": {"KEY": "k"}}):
        application = template.read(path, inputs=Inputs(variables=given))
        found = [each for each in application.findings if "/key" in each.text]
        assert len(found) == left
