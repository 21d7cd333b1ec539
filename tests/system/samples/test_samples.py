"""Serves the two shapes of AWS's Python streaming samples, with a model of our own for Bedrock's.

Each piece is said only when the one before has arrived.
"""

from pathlib import Path

import pytest
import requests

from local_lambda import Emulator
from local_lambda.template import template
from tests.support import model as models

pytestmark = [pytest.mark.e2e, pytest.mark.once]

HERE = Path(__file__).parent
ENDPOINT = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
QUESTION = {"question": "What is streaming?"}


@pytest.fixture
def model():
    with models.running() as running:
        yield running


def conversation(url, model):
    """Asks, and returns what arrived after each word that the model said."""
    with requests.post(url, json=QUESTION, stream=True, timeout=20) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        arrived = response.iter_content(chunk_size=None)
        heard = [next(arrived).decode()]
        for word in ("it ", "comes ", "häppchenweise"):
            model.say(word)
            heard.append(next(arrived).decode())
        model.finish()
        heard += [piece.decode() for piece in arrived]
    return heard


def asked_for(model):
    (request,) = model.asked
    assert request["path"] == "/model/local.model-v1/converse-stream"
    return request["messages"][0]["content"][0]["text"]


def test_a_rest_api_with_an_included_definition_and_a_public_layer_streams(model, monkeypatch):
    monkeypatch.setenv(ENDPOINT, model.url)
    with Emulator(
        HERE / "rest/template.yaml", "--stage", "Prod", "--pass-env", ENDPOINT
    ) as emulator:
        model.say("well, ")
        heard = conversation(f"{emulator.dashboard_url}Prod/chat", model)
        log = emulator.log

    assert heard == ["well, ", "it ", "comes ", "häppchenweise"]
    assert asked_for(model) == QUESTION["question"]
    assert '"message":"asked"' in log
    assert '"service":"chat"' in log


def test_a_function_url_with_a_custom_runtime_streams(model):
    passed = f"{ENDPOINT}={model.url}"
    with Emulator(HERE / "url/template.yaml", "--pass-env", passed) as emulator:
        model.say("well, ")
        heard = conversation(emulator.url("chat"), model)

    assert heard == ["well, ", "it ", "comes ", "häppchenweise"]
    assert asked_for(model) == QUESTION["question"]


@pytest.mark.parametrize("name", ["rest", "url"])
def test_a_sample_has_no_part_that_is_left_out(name):
    application = template.read(HERE / name / "template.yaml", {}, region="us-east-1")

    assert list(application.functions) == ["ChatFunction"]
    assert [*map(str, application.findings)] == []
