"""Compares what is read of SAM templates with what SAM's own translator makes of them.

The translated template is read as plain CloudFormation, so each side checks the other.
"""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local_lambda.template import template
from tests.support.corpus import CORPUS, read_case
from tests.support.tools import sam_cli

pytestmark = pytest.mark.once

# Templates that both accept as they are.
ACCEPTED = (
    "api_addresses",
    "api_as_sam_makes_it",
    "api_two_explicit",
    "api_unchecked_authorizers",
    "openapi_swagger_2",
)
# Templates that SAM refuses, with a text of its reason; the emulator serves what it can of them.
REFUSED = {
    "api_cors": "Type of property 'Cors' is invalid",
    "api_lambda_authorizers": "Unable to set Authorizer [Lost]",
    "api_same_route_twice": 'API method "get" defined multiple times for path "/orders"',
    "api_settings_not_emulated": "Missing required property 'StageName'",
    "api_unknown": "must be a valid reference to an 'AWS::Serverless::Api'",
    "http_api_authorizers": "must define 'AuthorizerPayloadFormatVersion'",
    "http_api_cors": "'AllowCredentials' can not be true",
}


@pytest.fixture(scope="module")
def translated():
    """Returns what the translator makes of the templates, by name."""
    python = Path(sam_cli()).resolve().with_name("python")
    if not python.is_file():
        pytest.skip("the SAM CLI is not in an environment of its own")
    names = [*ACCEPTED, *REFUSED]
    program = Path(__file__).with_name("translate_sam.py")
    paths = [str(CORPUS / name / "template.yaml") for name in names]
    command = [str(python), "-W", "ignore", str(program), *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(names, json.loads(done.stdout), strict=True))


def apis_of(application):
    """Returns the APIs with routes and headers in one order: the translator has its own."""
    return {
        api.logical_id: replace(api, routes=tuple(sorted(map(ordered, api.routes), key=place)))
        for api in application.apis
    }


def place(route):
    return (route.path, route.method)


def ordered(route):
    if route.fixed is None:
        return route
    fixed = replace(route.fixed, headers=tuple(sorted(route.fixed.headers)))
    return replace(route, fixed=fixed)


@pytest.mark.parametrize("name", ACCEPTED)
def test_apis_are_those_that_sams_translator_makes(translated, name, tmp_path):
    shutil.copytree(CORPUS / "code", tmp_path / "code")
    path = tmp_path / "case/template.json"
    path.parent.mkdir()
    path.write_text(json.dumps(translated[name]))

    assert apis_of(read_case(name)) == apis_of(template.read(path))


@pytest.mark.parametrize("name", REFUSED)
def test_what_sam_refuses_is_named(translated, name):
    reasons = translated[name]

    assert isinstance(reasons, list)
    assert any(REFUSED[name] in reason for reason in reasons)
    assert read_case(name).findings
