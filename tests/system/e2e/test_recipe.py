"""Tests the layer as a user does: the README's recipe beside a release's zip file streams."""

import pytest

from local_lambda.template.template import read
from tests.support.paths import ROOT
from tests.support.recipe import files_of, lay_out

pytestmark = pytest.mark.e2e
RECIPES = ["With a Function URL", "With a REST API"]


@pytest.fixture(params=RECIPES)
def laid_out(request, tmp_path, release):
    if request.config.getoption("--base-url"):
        pytest.skip("this is about this machine")
    lay_out(request.param, tmp_path, release)
    return request.param, tmp_path / "template.yaml"


def test_a_recipe_streams_piece_by_piece(laid_out, local_lambda):
    recipe, template = laid_out
    service = local_lambda(template)

    reply = service.get("/count", at="count" if recipe == "With a Function URL" else "rest_api")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/plain")
    assert reply.pieces == [b"0\n", b"1\n", b"2\n", b"3\n", b"4\n"]
    assert reply.times_s[-1] - reply.times_s[0] > 1  # they were yielded in 4 s
    assert "Traceback" not in service.log


def test_a_recipe_says_all_that_streaming_takes(laid_out):
    _, template = laid_out
    application = read(template)
    (function,) = application.functions.values()
    text = template.read_text()

    assert not application.warnings
    assert "AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap" in text
    assert function.timeout_s == 60
    assert ("InvokeMode: RESPONSE_STREAM" in text) != (
        "ResponseTransferMode: RESPONSE_STREAM" in text
    )
    assert [(route.streaming, route.timeout_s) for route in application.routes] in (
        [],
        [(True, 60)],
    )


def test_a_recipe_asks_for_the_powertools_that_are_tested_here():
    required = files_of("With a REST API")["app/requirements.txt"].strip()
    assert f'"{required}"' in (ROOT / "pyproject.toml").read_text()
