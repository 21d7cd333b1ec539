"""Tests loops and included files: what they make, and what is said of mistakes in them."""

import json

import pytest

from local_lambda.template.expand import expand_loops, include_files
from local_lambda.template.parameters import Parameters
from local_lambda.template.resolver import Resolver
from local_lambda.template.shape import load_template

EXTENDED = {"Transform": "AWS::LanguageExtensions", "Resources": {}}


def expand(tmp_path, values, **files):
    """Returns values and findings of a template; `files` are texts by name, without `.json`."""
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    template = load_template(json.dumps({**EXTENDED, **values}))
    parameters = Parameters({"List": {"Type": "CommaDelimitedList", "Default": "a,b-c"}}, {})
    resolver = Resolver(template.values, {}, "eu-west-1", parameters=parameters)
    include_files(template, tmp_path, resolver)
    expand_loops(template, resolver)
    return template.values, [each.text for each in template.findings]


def loop(identifier, collection, body):
    return {"Fn::ForEach::Loop": [identifier, collection, body]}


@pytest.mark.parametrize(
    ("resources", "made"),
    [
        (loop("X", ["a", "b"], {"R${X}": {"v": "${X}"}}), {"Ra": {"v": "a"}, "Rb": {"v": "b"}}),
        (loop("X", {"Ref": "List"}, {"&{X}": {"Ref": "X"}}), {"a": "a", "bc": "b-c"}),
        (loop("X", ["a"], {"${X}": {"Fn::Sub": "${X}-${Y}"}}), {"a": {"Fn::Sub": "a-${Y}"}}),
        (loop("X", [1], {"${X}": {"Ref": "Y"}}), {"1": {"Ref": "Y"}}),
        (loop("X", [], {"${X}": {}}), {}),
        (
            loop("X", ["a", "b"], loop("Y", ["c", "d"], {"${X}${Y}": "${Y}${X}"})),
            {"ac": "ca", "ad": "da", "bc": "cb", "bd": "db"},
        ),
        (
            loop("X", ["a"], {"${X}": loop("Y", ["${X}1"], {"${Y}": 1})}),
            {"a": {"a1": 1}},
        ),
    ],
)
def test_a_loop_makes_a_copy_for_each_item(tmp_path, resources, made):
    values, findings = expand(tmp_path, {"Resources": resources})
    assert (values["Resources"], findings) == (made, [])


@pytest.mark.parametrize(
    ("written", "finding"),
    [
        (loop("", ["a"], {}), "the identifier of the loop is not text"),
        (loop("X", "a", {}), "the collection of the loop is text, not a list"),
        (loop("X", ["a"], []), "the body of the loop is a list, not a mapping"),
        (loop("X", ["a", "b"], {"same": 1}), "the loop makes same twice"),
        (loop("X", ["a"] * 10_001, {"${X}": 1}), "the loop makes a twice"),
        ({"a": 1, **loop("X", ["a"], {"${X}": 2})}, "a stands here already"),
    ],
)
def test_a_mistake_in_a_loop_is_a_finding(tmp_path, written, finding):
    _, findings = expand(tmp_path, {"Resources": written})
    assert findings == [finding]


def test_loops_that_would_never_end_are_refused(tmp_path):
    items = [f"i{number}" for number in range(101)]
    inner = loop("Y", items, {"${X}${Y}": 1})
    _, findings = expand(tmp_path, {"Resources": loop("X", items, inner)})
    assert findings == ["the loops make more than 10000 copies"]


def include(name):
    return {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": f"{name}.json"}}}


def test_what_stands_beside_an_included_file_counts_before_it(tmp_path):
    values, findings = expand(
        tmp_path,
        {"Resources": {"a": {"own": 1, **include("one")}, **include("two")}},
        one={"own": 2, "more": include("two")},
        two={"b": {"c": 3}},
    )
    assert findings == []
    assert values["Resources"] == {"b": {"c": 3}, "a": {"own": 1, "more": {"b": {"c": 3}}}}


def test_a_file_that_includes_itself_is_named(tmp_path):
    values, findings = expand(
        tmp_path, {"Resources": include("one")}, one={"a": include("two")}, two=include("one")
    )
    assert findings == ["the file one.json includes itself"]
    assert values["Resources"] == {"a": {}}
