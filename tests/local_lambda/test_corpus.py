"""Tests what is served of the templates in `corpus/`, one folder for each feature and mistake.

`expected.json` of a folder holds:

- `shows`: what the template is about
- `functions`, `urls`: the logical ids that are served
- `apis`: the routes (`METHOD /path`) by logical id; `load_balancers`: the number of rules
- `tables`, `mappings` (function < table), `events` (function.name)
- `findings`: for each finding a text that it contains; `[text, line]` says its line, too
- `error`: a text of the error, if nothing can be read
- `environment`: values of variables, by function
- `overrides`: values of parameters that the template is read with; `stored`: those of SSM
"""

import json
from pathlib import Path

import pytest

from local_lambda.template import template
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.inputs import Inputs

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(path.parent.name for path in CORPUS.glob("*/expected.json"))


def read(name, expected):
    (path,) = CORPUS.joinpath(name).glob("*template.*")
    inputs = Inputs(stored=expected.get("stored", {}))
    return template.read(path, overrides=expected.get("overrides"), inputs=inputs)


def routes(application):
    return {
        api.logical_id: sorted(f"{route.method} {route.path}" for route in api.routes)
        for api in application.apis
    }


def served(application):
    """Returns what is served, in the form of `expected.json`."""
    return {
        "functions": sorted(application.functions),
        "urls": sorted(name for name, each in application.functions.items() if each.url),
        "apis": routes(application),
        "load_balancers": {each.logical_id: len(each.rules) for each in application.load_balancers},
        "tables": sorted(application.tables),
        "mappings": sorted(f"{each.function} < {each.table}" for each in application.mappings),
        "events": sorted(f"{each.function}.{each.name}" for each in application.events),
    }


@pytest.mark.parametrize("name", CASES)
def test_a_template_is_served_as_far_as_possible_and_the_rest_is_named(name):
    expected = json.loads((CORPUS / name / "expected.json").read_text())
    if "error" in expected:
        with pytest.raises(TemplateError) as raised:
            read(name, expected)
        assert expected["error"] in str(raised.value)
        return
    application = read(name, expected)

    actual = served(application)
    assert actual == {key: expected.get(key, type(value)()) for key, value in actual.items()}
    for function, variables in expected.get("environment", {}).items():
        environment = application.functions[function].environment
        assert {name: environment.get(name) for name in variables} == variables
    found = sorted(application.findings, key=str)
    for wanted in expected["findings"]:
        text, line = wanted if isinstance(wanted, list) else (wanted, None)
        matching = [each for each in found if text in str(each) and line in (None, each.line)]
        assert len(matching) == 1, f"{wanted!r} is not exactly one of {list(map(str, found))}"
        found.remove(matching[0])
    assert not list(map(str, found)), "findings that nobody expected"
