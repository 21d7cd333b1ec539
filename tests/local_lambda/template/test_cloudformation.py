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
  IsRound: !Not [!Condition IsSquare]
  IsSquare: !And [!Condition IsRound, !Condition IsDev]
  IsText: maybe
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  F: {Type: AWS::Serverless::Function}
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
    ("text", "value"),
    [
        ("{'Fn::Length': [a, !Ref Stage, c]}", 3),
        ("{'Fn::Length': !Ref Zones}", 2),
        ("{'Fn::ToJsonString': {a: [1, !Ref Stage], b: true}}", '{"a":[1,"dev"],"b":true}'),
        ("!FindInMap [Sizes, test, memory, {DefaultValue: !Ref Stage}]", "dev"),
        ("!FindInMap [!Sub 'Siz${x}', dev, memory, {DefaultValue: 5}]", None),
        ("!FindInMap [!Sub ['Siz${x}', {x: es}], dev, memory]", 128),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("!Select [1, !Cidr ['2001:db8::/56', 2, 64]]", "2001:db8:0:1::/64"),
        ("!GetAZs ''", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ("!Select ['1', !GetAZs us-east-1]", "us-east-1b"),
        ("!Join ['-', [a, !Ref AWS::NoValue, true]]", "a-true"),
        ("!Sub '${Zone}'", None),
        ("!Ref {Ref: Stage}", None),
        ("!Sub 'x${!y}${AWS::Partition}'", "x${y}aws"),
        ("!If [IsDev, {a: !If [IsNotDev, 1, 2]}, 3]", {"a": 2}),
        ("!GetAtt [Table, Arn]", "arn:items"),
    ],
)
def test_more_intrinsic_functions_give_what_cloudformation_gives(text, value):
    if value is None:
        with pytest.raises(TemplateError):
            resolved(text)
    else:
        assert resolved(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!Ref Missing", "no such parameter or resource"),
        ("!Ref Fable", "no such parameter or resource"),
        ("!Ref TableRole", "no such parameter or resource"),
        ("!Ref [a]", "!Ref takes a name, not a list"),
        ("!GetAtt Missing.Arn", "no such resource"),
        ("!GetAtt Table", "Fn::GetAtt takes a list of 2"),
        ("!If [Missing, 1, 2]", "condition Missing is not defined"),
        ("!If [[a], 1, 2]", "a condition is named by text, not by a list"),
        ("!If [IsDev, 1]", "Fn::If takes a list of 3"),
        ("!If nothing", "Fn::If takes a list of 3"),
        ("!If [IsRound, 1, 2]", "IsRound depends on itself: IsRound -> IsSquare -> IsRound"),
        ("!If [IsText, 1, 2]", "'maybe' is not a condition"),
        ("!FindInMap [Sizes, test, memory]", "Fn::FindInMap: Mappings.Sizes has no test"),
        ("!FindInMap [Lengths, test, memory]", "Fn::FindInMap: Mappings has no Lengths"),
        ("!FindInMap [Sizes]", "Fn::FindInMap takes a list of 3 or 4"),
        ("!Select [7, [a]]", "Fn::Select 7: the list has 1 items"),
        ("!Select [-1, [a]]", "Fn::Select -1"),
        ("!Select [first, [a]]", "Fn::Select"),
        ("!Select [0, text]", "Fn::Select takes a list, not text"),
        ("!Split ['', 'a']", "Fn::Split"),
        ("!Join ['-', text]", "Fn::Join takes a delimiter and a list"),
        ("!Join ['-', [[a]]]", "is a list, which cannot stand in a text"),
        ("!Sub '${Zones}'", "Zones is a list"),
        ("!Sub [a]", "Fn::Sub takes a list of 2"),
        ("!Sub {a: 1}", "Fn::Sub takes text"),
        ("!Cidr [10.0.0.0/24, 200, 8]", "does not hold 200"),
        ("!Cidr [nowhere, 1, 8]", "Fn::Cidr"),
        ("{'Fn::Length': 5}", "Fn::Length takes a list, not a number"),
        ("!And true", "conditions are a list"),
        ("!Transform {Name: Mine}", "the macro 'Mine' is not emulated"),
        ("!Nonsense 1", "Fn::Nonsense is not emulated"),
        ("{'Fn::Sub': a, b: 1}", "Fn::Sub may not stand beside other keys"),
    ],
)
def test_what_cannot_be_resolved_is_named(text, message):
    with pytest.raises(TemplateError) as raised:
        resolved(text)
    assert message in str(raised.value)


def test_an_error_says_the_way_from_the_value_to_the_mistake():
    with pytest.raises(TemplateError) as raised:
        resolved("{Environment: {Variables: {A: 1, B: [x, !Sub '${Missing}']}}}")
    assert raised.value.property == "Environment.Variables.B.1"


def test_an_unknown_parameter_is_an_error_and_a_missing_value_is_a_placeholder():
    with pytest.raises(TemplateError, match="does not declare: Nope"):
        resolved("1", Nope="x")
    resolver = Resolver({"Parameters": {"P": {"Type": "String"}}, "Resources": {}}, {}, "r")
    assert resolver.resolve({"Ref": "P"}) == "P"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("F.Alias", "F.Alias"),
        ("FRole", "FRole"),
        ("ServerlessHttpApi", "ServerlessHttpApi"),
        ("ServerlessRestApiProdStage", "ServerlessRestApiProdStage"),
    ],
)
def test_what_sam_generates_is_a_placeholder_and_a_note(name, value):
    for function in ({"Ref": name}, {"Fn::Sub": f"${{{name}}}"}):
        resolver = Resolver(LANGUAGE, {}, "eu-west-1")
        assert resolver.resolve(function) == value
        assert f"!Ref {name} has no value here" in resolver.notes[0].text
        assert resolver.notes[0].node is function


def test_an_attribute_nobody_knows_is_a_warning_and_a_placeholder():
    resolver = Resolver(LANGUAGE, {}, "eu-west-1")
    assert resolver.resolve({"Fn::GetAtt": ["Table", "Something"]}) == "Table.Something"
    assert "!GetAtt Table.Something" in resolver.warnings[0]
