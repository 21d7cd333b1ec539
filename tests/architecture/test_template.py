"""Which parts of the template hold only together?"""

from local_lambda.template.cloudformation import load
from tests.support.paths import ROOT

RESOURCES = load((ROOT / "template.yaml").read_text("utf-8"))["Resources"]


def test_the_api_function_compresses_for_a_rest_api_that_decodes_every_type():
    """Without the one or the other, clients get base64 or plain bodies."""
    variables = RESOURCES["ApiFunction"]["Properties"]["Environment"]["Variables"]

    assert variables["DASHBOARD_COMPRESS_REST_API"] == "true"
    assert RESOURCES["Api"]["Properties"]["BinaryMediaTypes"] == ["*~1*"]
