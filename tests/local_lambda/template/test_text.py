"""Tests how the text of a template becomes values and lines, and what is said of a broken one."""

import pytest

from local_lambda.template.shape import check_resources, load_template
from local_lambda.template.text import TemplateError, read_text

RESOURCES = "\nResources: {}\n"

LINED = """\
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 3
      Environment:
        Variables:
          A: !Sub
            - ${x}
            - x: !Ref P
      Layers:
        - one
        - !If [a, b,
            c]
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("Resources", "F"), 2),
        (("Resources", "F", "Properties", "Timeout"), 5),
        (("Resources", "F", "Properties", "Environment", "Variables", "A", "Fn::Sub", 1, "x"), 10),
        (("Resources", "F", "Properties", "Layers", 1, "Fn::If", 2), 14),
        (("Resources", "F", "Properties", "Layers", "1"), 13),
        (("Resources", "F", "Properties", "Handler", "x"), 4),
        (("Globals", "Function"), 0),
    ],
)
def test_a_place_has_a_line_and_an_unknown_place_that_of_what_is_around_it(place, line):
    assert load_template(LINED).lines.of(place) == line


def test_lines_of_json_are_known_even_with_tabs_and_surrogate_pairs():
    text = '{\n\t"Resources": {\n\t\t"F": {"Type": "\\ud83d\\ude00"},\n\t\t"G": {}\n\t}\n}'
    template = load_template(text)
    assert template.values == {"Resources": {"F": {"Type": "\U0001f600"}, "G": {}}}
    assert template.lines.of(("Resources", "G")) == 4


def test_half_a_surrogate_pair_is_replaced():
    values = load_template('{"Resources": {}, "a": "x\\ud83dy", "b": "\\\\ud83d"}').values
    assert (values["a"], values["b"]) == ("x\ufffdy", "\\ud83d")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_may_have_any_encoding_of_unicode(tmp_path, encoding):
    path = tmp_path / "template.yaml"
    path.write_bytes("Description: größer\nResources: {}\n".encode(encoding))
    assert load_template(read_text(path)).values["Description"] == "größer"


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(TemplateError, match="this is a folder"):
        read_text(tmp_path)
    with pytest.raises(TemplateError, match="No such file"):
        read_text(tmp_path / "missing.yaml")
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: größer\n".encode("latin-1"))
    with pytest.raises(TemplateError, match=r"line 2: the file is not UTF-8 text \(byte 0xf6\)"):
        read_text(latin)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("# a comment only", "the file is empty"),
        ("just text", "it is text, no mapping"),
        ("- a", "it is a list, no mapping"),
        ("a: 1", "has no Resources"),
        ("Resources: []", "Resources is a list"),
        ("Resources:", "Resources is empty"),
        ("a: [", "not YAML"),
        ("a: b: c", "line 1: not YAML"),
        ("a:\n\tb: 1", "line 2: not YAML"),
        ("a: *b", "line 1: not YAML"),
        ("a: \x00", "not YAML"),
        ('{"Resources": {\n"A": 1,,}}', "line 2: not JSON"),
        ("Resources: {}\n---\na: 1", "line 2: a second document begins here"),
        ("a: &a [*a]", "contains itself"),
        ("a: &a {<<: *a}", "contains itself"),
        ("[" * 3_000 + "]" * 3_000, "nested deeper than 100 levels"),
        ('{"a":' * 3_000 + "1" + "}" * 3_000, "nested deeper than 100 levels"),
        ('{"a":' * 300_000 + "1" + "}" * 300_000, "nested deeper than 100 levels"),
        ("\n".join(" " * depth + "a:" for depth in range(2_000)), "nested deeper than 100 levels"),
    ],
)
def test_a_text_that_is_no_template_is_a_sentence(text, message):
    with pytest.raises(TemplateError) as raised:
        load_template(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("service: shop\nprovider: {name: aws}", "run `serverless package`"),
        ('{"version": "36.0.0", "artifacts": {}}', "name cdk.out/STACK.template.json"),
        ('{"version": "tree-0.1", "tree": {}}', "name cdk.out/STACK.template.json"),
        ('{"app": "python app.py"}', "run `cdk synth`"),
    ],
)
def test_a_file_of_another_tool_beside_its_template_is_recognised(text, advice):
    with pytest.raises(TemplateError, match="has no Resources") as raised:
        load_template(text)
    assert advice in raised.value.advice


def test_aliases_that_multiply_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for depth in range(9):
        items = ", ".join([f"*a{depth}"] * 10)
        lines.append(f"a{depth + 1}: &a{depth + 1} [{items}]")
    with pytest.raises(TemplateError, match="more than 300000 values"):
        load_template("\n".join(lines) + RESOURCES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("!!timestamp 2012-10-17", "2012-10-17"),
        ("!!binary aGk=", "aGk="),
        ("!!python/object/apply:os.getcwd []", []),
        ("{yes: no, 1: 2, ~: 3}", {"yes": False, "1": 2, "~": 3}),
        ("! plain", "plain"),
        ("!GetAtt A.B.C", {"Fn::GetAtt": ["A", "B.C"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ("!Condition C", {"Condition": "C"}),
        ("!Sub [a, {b: !Ref C}]", {"Fn::Sub": ["a", {"b": {"Ref": "C"}}]}),
        ("{<<: {a: 1, b: 2}, b: 3}", {"a": 1, "b": 3}),
        ("{<<: [{a: 1}, {a: 2, b: 3}]}", {"a": 1, "b": 3}),
    ],
)
def test_a_value_is_read_as_cloudformation_reads_it(text, value):
    template = load_template(f"value: {text}{RESOURCES}")
    assert template.values["value"] == value
    assert template.findings == []


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("{a: 1, b: 2, a: 3}", "a stands twice here, first in line 1; the last one counts"),
        ("{a: {{b}}}", "a key is not text, and is left out"),
        ("{[a]: 1}", "a key is not text, and is left out"),
        ("!!int abc", "'abc' is not a value of the tag"),
        ("{<<: 3}", "<< merges mappings, and this is none"),
    ],
)
def test_what_is_malformed_in_one_place_is_a_finding(text, finding):
    template = load_template(f"value: {text}{RESOURCES}")
    assert [each.line for each in template.findings] == [1]
    assert finding in str(template.findings[0])


def test_what_is_no_mapping_is_left_out_and_named():
    template = load_template(
        "Parameters: [a]\nGlobals: {Function: [], Api: {}}\nConditions:\nResources:\n"
        "  A:\n  B: text\n  C: {Type: X, Properties: []}\n  D: {Properties: {}}\n"
        "  E: {Type: [x]}\n  F: {Type: X, Properties: , Metadata: }\n"
    )
    check_resources(template)

    assert template.values == {"Globals": {"Api": {}}, "Resources": {"F": {"Type": "X"}}}
    assert list(map(str, template.findings)) == [
        "line 1: Parameters: this is a list, not a mapping; left out",
        "line 2: Globals.Function: this is a list, not a mapping; left out",
        "line 5: A: the resource is empty, not a mapping",
        "line 6: B: the resource is text, not a mapping",
        "line 7: C.Properties: this is a list, not a mapping",
        "line 8: D: Type is missing",
        "line 9: E: Type is a list, not text",
    ]
    assert [each.served for each in template.findings] == [True] * 2 + [False] * 5
