"""Tests the values of parameters, SSM parameters and secrets."""

import pytest

from local_lambda.template.parameters import Parameters
from local_lambda.template.resolver import Resolver
from local_lambda.template.text import TemplateError


def read(declaration, given=None, **kwargs):
    """Returns the value of a parameter P, and what is found."""
    found = []
    overrides = {} if given is None else {"P": given}
    parameters = Parameters(
        {"P": declaration},
        overrides,
        report=lambda *words: found.append(words),
        **kwargs,
    )
    return parameters.value("P"), found


@pytest.mark.parametrize(
    ("declaration", "placeholder"),
    [
        ({}, "P"),
        ({"Type": "String"}, "P"),
        ({"Type": "Number"}, 0),
        ({"Type": "Number", "MinValue": 3}, 3),
        ({"Type": "List<Number>"}, ["0"]),
        ({"Type": "CommaDelimitedList"}, ["P"]),
        ({"Type": "AWS::EC2::VPC::Id"}, "P"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "a"),
        ({"Type": "Number", "AllowedValues": [512, 1024]}, 512),
        ("String", "P"),
        (None, "P"),
        (["String"], "P"),
    ],
)
def test_a_parameter_without_a_value_has_a_placeholder_that_is_named(declaration, placeholder):
    value, found = read(declaration)
    assert value == placeholder
    assert "has no default and no value" in found[-1][1]
    assert found[-1][2] == "give --parameter-overrides P=VALUE"
    assert len(found) == (1 if isinstance(declaration, dict) else 2)


@pytest.mark.parametrize(
    ("declaration", "given", "value"),
    [
        ({"Type": "String", "Default": "d"}, None, "d"),
        ({"Type": "String", "Default": ""}, None, ""),
        ({"Type": "String", "Default": "d"}, "", ""),
        ({"Type": "Number", "Default": 5}, None, 5),
        ({"Type": "Number", "Default": 5}, "6", "6"),
        ({"Type": "CommaDelimitedList", "Default": "a, b"}, None, ["a", "b"]),
        ({"Type": "List<String>"}, "x,y", ["x", "y"]),
        ({"Type": "String", "AllowedValues": [True]}, "true", "true"),
        ({"Type": "String", "AllowedPattern": "[a-z]+", "MinLength": 2}, "ab", "ab"),
        ({"Type": "String", "AllowedPattern": r"\p{Alpha}+"}, "ab", "ab"),
        ({"Type": "AWS::SSM::Parameter::Name"}, "/a", "/a"),
    ],
)
def test_a_value_is_the_override_or_the_default(declaration, given, value):
    assert read(declaration, given) == (value, [])


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        ({"AllowedValues": ["a", True]}, "x", "'x' is not one of a, true"),
        ({"AllowedPattern": "[a-z]+"}, "A", r"'A' does not match [a-z]+"),
        ({"AllowedPattern": "a", "ConstraintDescription": "an a"}, "b", "(an a)"),
        ({"Type": "Number"}, "many", "'many' is not a number"),
        ({"Type": "Number", "MinValue": 2}, "1", "'1' is less than 2"),
        ({"Type": "Number", "MaxValue": "9"}, "10", "'10' is more than 9"),
        ({"MinLength": 2}, "a", "'a' is less than 2 letters"),
        ({"MaxLength": 2}, "abc", "'abc' is more than 2 letters"),
        ({"Type": "List<Number>"}, "1,x", "'x' is not a number"),
        ({"NoEcho": True, "AllowedValues": ["a"]}, "hush", "the value is none of the allowed"),
        ({"NoEcho": "true", "MaxLength": 2}, "hush", "the value is more than 2 letters"),
    ],
)
def test_a_value_that_the_declaration_does_not_allow_is_named(declaration, value, message):
    with pytest.raises(TemplateError) as raised:
        read(declaration, value)
    assert str(raised.value).startswith("parameter P: ")
    assert message in str(raised.value)
    assert "hush" not in str(raised.value)

    used, found = read({**declaration, "Default": value})
    assert message in found[0][1]
    assert used == (value if "List" not in declaration.get("Type", "") else value.split(","))


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        ({"Type": "Strin"}, "Strin is no type of parameters; it counts as String"),
        ({"Type": ["String"]}, "['String'] is no type of parameters; it counts as String"),
        ({"AllowedValues": "a"}, "AllowedValues is text, not a list"),
        ({"Default": {"a": "b"}}, "Default is a mapping, not text"),
    ],
)
def test_a_declaration_that_cloudformation_refuses_is_named(declaration, text):
    assert text in [each[1] for each in read({"Default": "a", **declaration})[1]]


def test_names_of_a_configuration_file_that_nobody_declares_are_passed_over():
    assert read({"Default": "d"}, configured={"P": "c", "Other": "x"}) == ("c", [])
    assert read({"Default": "d"}, "o", configured={"P": "c"}) == ("o", [])


SSM = "arn:aws:ssm:eu-west-1:123456789012:parameter"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
STORED = {"/app/key": "k", "plain": "p", "db": '{"user": "u", "port": 5}', f"{SSM}/by/arn": "a"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{resolve:ssm:/app/key}}", "k"),
        ("{{resolve:ssm:/app/key:3}}", "k"),
        ("x{{resolve:ssm-secure:plain:1}}y{{resolve:ssm:plain}}", "xpyp"),
        (f"{{{{resolve:ssm:{SSM}/app/key}}}}", "k"),
        ("{{resolve:ssm:/by/arn}}", "a"),
        ("{{resolve:secretsmanager:db}}", '{"user": "u", "port": 5}'),
        ("{{resolve:secretsmanager:db:SecretString:user}}", "u"),
        ("{{resolve:secretsmanager:db:SecretString:port::}}", "5"),
        ("{{resolve:secretsmanager:db:SecretString:user:AWSCURRENT}}", "u"),
        (f"{{{{resolve:secretsmanager:{SECRET}:db-AbC123:SecretString:user}}}}", "u"),
        ({"Fn::Join": ["", ["{{resolve:ssm:/app/", "key", "}}"]]}, "k"),
        ({"Fn::Sub": "{{resolve:ssm:/${Name}/key}}"}, "k"),
        ({"Fn::If": ["Yes", ["{{resolve:ssm:plain}}"], ""]}, ["p"]),
        ({"Ref": "Dynamic"}, "k"),
        ({"Ref": "OfSsm"}, "k"),
        ({"Ref": "ListOfSsm"}, ["k"]),
    ],
)
def test_values_of_ssm_and_secrets_manager_are_put_where_the_template_refers_to_them(text, value):
    declared = {
        "Name": {"Default": "app"},
        "Dynamic": {"Default": "{{resolve:ssm:/app/key}}"},
        "OfSsm": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/key"},
        "ListOfSsm": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/app/key"},
    }
    template = {
        "Parameters": declared,
        "Resources": {},
        "Conditions": {"Yes": {"Fn::Equals": ["1", "1"]}},
    }
    resolver = Resolver(template, {}, "eu-west-1", parameters=Parameters(declared, {}, {}, STORED))
    assert resolver.resolve(text) == value
    assert resolver.notes == []


@pytest.mark.parametrize(
    ("text", "value", "advice"),
    [
        ("{{resolve:ssm:/no:2}}", "/no", "give --parameter /no=VALUE"),
        ("{{resolve:secretsmanager:no}}", "no", "give --parameter no=VALUE"),
        (
            "{{resolve:secretsmanager:no:SecretString:key}}",
            "key",
            'give --parameter no=\'{"key": "VALUE"}\'',
        ),
        (
            "{{resolve:secretsmanager:db:SecretString:key}}",
            "key",
            'give --parameter db=\'{"key": "VALUE"}\'',
        ),
        ("{{resolve:secretsmanager:plain:SecretString:key}}", "key", '\'{"key": "VALUE"}\''),
        ("{{resolve:other:x}}", "{{resolve:other:x}}", "{{resolve:ssm:NAME}}"),
        ("{{resolve:ssm}}", "{{resolve:ssm}}", "{{resolve:ssm:NAME}}"),
        ("a{{resolve:ssm:", "a{{resolve:ssm:", "{{resolve:ssm:NAME}}"),
        ({"Ref": "OfSsm"}, "/no", "give --parameter /no=VALUE"),
    ],
)
def test_without_a_value_the_name_is_a_placeholder_and_a_note_says_the_option(text, value, advice):
    declared = {"OfSsm": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/no"}}
    parameters = Parameters(declared, {}, {}, STORED)
    resolver = Resolver({"Resources": {}}, {}, "eu-west-1", parameters=parameters)
    assert resolver.resolve({"a": text}) == {"a": value}
    assert advice in resolver.notes[0].advice
    assert "u" not in resolver.notes[0].advice.split()  # no value is printed
