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

import pytest

from local_lambda.template.cloudformation import TemplateError
from tests.support.corpus import CASES, CORPUS, read_case, served


@pytest.mark.parametrize("name", CASES)
def test_a_template_is_served_as_far_as_possible_and_the_rest_is_named(name):
    expected = json.loads((CORPUS / name / "expected.json").read_text())
    if "error" in expected:
        with pytest.raises(TemplateError) as raised:
            read_case(name, expected.get("overrides"), expected.get("stored"))
        assert expected["error"] in str(raised.value)
        return
    application = read_case(name, expected.get("overrides"), expected.get("stored"))

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
