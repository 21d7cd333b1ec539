"""Tests that what CDK and Serverless Framework write is served."""

import urllib.request

import pytest

from local_lambda import Emulator
from tests.support.paths import ROOT

CORPUS = ROOT / "tests/local_lambda/corpus"
pytestmark = [pytest.mark.e2e, pytest.mark.once]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def test_a_synthesised_stack_of_cdk_is_served_with_its_assets_and_its_table():
    with Emulator(CORPUS / "cdk_synthesised/AppStack.template.json") as emulator:
        (url,) = [each for name, each in emulator.addresses.items() if "stream" in name]
        assert "served" in get(url)
        assert emulator.table == "Items5C12978B"


def test_a_packaged_service_of_serverless_framework_is_served_from_its_zip_files():
    with Emulator(CORPUS / "serverless_packaged/template.json") as emulator:
        assert get(emulator.url("hello_lambda")) == "served"
        assert emulator.invoke("svc-dev-alone").json() == {"statusCode": 200, "body": "served"}
