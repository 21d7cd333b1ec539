"""Tests that what CDK and Serverless Framework write is served."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.once]


def test_a_synthesised_stack_of_cdk_is_served_with_its_assets_and_its_table(local_lambda):
    service = local_lambda("corpus/cdk_synthesised/AppStack.template.json")

    assert "served" in service.get().text
    assert service.emulator.table == "Items5C12978B"


def test_a_packaged_service_of_serverless_framework_is_served_from_its_zip_files(local_lambda):
    service = local_lambda("corpus/serverless_packaged/template.json")

    assert service.get(at="hello_lambda").text == "served"
    assert service.invoke("svc-dev-alone").json() == {"statusCode": 200, "body": "served"}
