"""Tests the README's recipes as SAM translates them; tests/system/e2e/test_recipe.py runs them."""

import pytest

from tests.support.recipe import files_of
from tests.support.sam import translate


@pytest.fixture
def resources(sam, tmp_path):
    def made_of(recipe):
        template = tmp_path / "template.yaml"
        template.write_text(files_of(recipe)["template.yaml"])
        return {
            name: each["Properties"] for name, each in translate(sam, template)["Resources"].items()
        }

    return made_of


def test_the_function_url_streams_for_everybody(resources):
    made = resources("With a Function URL")

    assert (made["CountFunctionUrl"]["InvokeMode"], made["CountFunctionUrl"]["AuthType"]) == (
        "RESPONSE_STREAM",
        "NONE",
    )
    assert made["CountFunction"]["Timeout"] == 60


def test_the_route_of_the_rest_api_streams_as_long_as_the_function_may_run(resources):
    made = resources("With a REST API")
    integration = made["Api"]["Body"]["paths"]["/count"]["get"]["x-amazon-apigateway-integration"]

    assert integration["responseTransferMode"] == "STREAM"
    assert integration["uri"]["Fn::Sub"].endswith("/response-streaming-invocations")
    assert integration["timeoutInMillis"] == 1000 * made["CountFunction"]["Timeout"] == 60_000
