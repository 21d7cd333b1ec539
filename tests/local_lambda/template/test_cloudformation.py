"""Tests the template language: CloudFormation's meaning, and clear errors."""

import pytest

from local_lambda.template.cloudformation import NO_VALUE, Resolver, TemplateError, load

LANGUAGE = load(
    """
Parameters:
  Stage: {Type: String, Default: dev}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
Mappings:
  Sizes: {dev: {memory: 128}, prod: {memory: 512}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsNotDev: !Not [!Condition IsDev]
  Both: !And [!Condition IsDev, !Equals ["1", 1]]
  Either: !Or [!Condition IsNotDev, !Condition IsDev]
Resources:
  Table: {Type: AWS::DynamoDB::Table}
"""
)


def resolved(text, **overrides):
    resolver = Resolver(
        LANGUAGE, overrides, "eu-west-1", {"Table": "items"}, {("Table", "Arn"): "arn:items"}
    )
    return resolver.resolve(load(f"Resources: {{}}\nvalue: {text}")["value"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Table", "items"),
        ("!Ref Zones", ["a", "b"]),
        ("!GetAtt Table.Arn", "arn:items"),
        (
            "!Sub '${Table}-${Stage}-${AWS::AccountId}-${Table.Arn}'",
            "items-dev-123456789012-arn:items",
        ),
        ("!Sub ['${x}-${!Literal}', {x: !Ref Stage}]", "dev-${Literal}"),
        ("!If [IsDev, 1, 2]", 1),
        ("!If [IsNotDev, 1, 2]", 2),
        ("!If [Both, 1, 2]", 1),
        ("!If [Either, 1, 2]", 1),
        ("!Join ['-', [a, !Ref Stage]]", "a-dev"),
        ("!Select [1, !Split [',', 'a,b']]", "b"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", 128),
        ("{'Fn::Join': ['', ['x', {Ref: Stage}]]}", "xdev"),
        ("!Base64 hello", "aGVsbG8="),
        ("{kept: 1, dropped: !Ref AWS::NoValue}", {"kept": 1}),
        ("[1, !If [IsDev, !Ref AWS::NoValue, 2]]", [1]),
        ("2012-10-17", "2012-10-17"),
    ],
)
def test_intrinsic_functions_give_what_cloudformation_gives(text, value):
    assert resolved(text) == value


def test_an_override_changes_a_parameter_and_what_depends_on_it():
    assert resolved("!If [IsDev, small, !Sub 'big-${Stage}']", Stage="prod") == "big-prod"


def test_no_value_at_the_top_is_no_value():
    assert resolved("!Ref AWS::NoValue") is NO_VALUE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!Ref Missing", "no such parameter or resource"),
        ("!GetAtt Missing.Arn", "no such resource"),
        ("!If [Missing, 1, 2]", "condition Missing is not defined"),
        ("!FindInMap [Sizes, test, memory]", "Fn::FindInMap"),
        ("!Select [7, [a]]", "Fn::Select"),
        ("!Transform {Name: AWS::Include}", "Fn::Transform is not emulated"),
    ],
)
def test_what_cannot_be_resolved_is_named(text, message):
    with pytest.raises(TemplateError, match=message):
        resolved(text)


def test_an_unknown_or_missing_parameter_is_named():
    with pytest.raises(TemplateError, match="does not declare: Nope"):
        resolved("1", Nope="x")
    with pytest.raises(TemplateError, match="parameter P has no default"):
        Resolver({"Parameters": {"P": {"Type": "String"}}, "Resources": {}}, {}, "r")


def test_an_attribute_nobody_knows_is_a_warning_and_a_placeholder():
    resolver = Resolver(LANGUAGE, {}, "eu-west-1")
    assert resolver.resolve({"Fn::GetAtt": ["Table", "Something"]}) == "Table.Something"
    assert "!GetAtt Table.Something" in resolver.warnings[0]
