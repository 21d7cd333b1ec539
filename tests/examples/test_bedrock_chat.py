"""Serves the chat: streams, fails well, and needs no memory for what it has sent."""

import pytest
import requests

from tests.examples.chat_client import ask, asking, conversation, refused
from tests.examples.serving import FRONTS, FUNCTION_URL, served
from tests.support import model as models
from tests.support.model import BrokenOff, ModelError

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
END = ("end", {"reason": "done"})
STOP = ("stop", {"reason": "end_turn", "note": ""})
FAILED = ("error", {"message": "The model failed.", "retry": True})
every_front = pytest.mark.parametrize("front", FRONTS)


def serving(model, **options):
    endpoint = f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={model.url}"
    return served("bedrock-chat", "--pass-env", endpoint, **options)


@pytest.fixture(scope="module")
def running():
    with models.running() as model, serving(model) as example:
        yield model, example


@pytest.fixture
def model(running):
    model, _ = running
    model.asked.clear()
    yield model
    assert model.words.empty()


@pytest.fixture
def example(running):
    return running[1]


def word(text):
    return ("word", {"text": text})


@every_front
def test_a_word_arrives_before_the_model_says_the_next(example, model, front):
    model.say("It ")  # nothing is sent, not even the status, before there is something to send
    with asking(example.url(front, "chat"), conversation("Hello")) as events:
        assert next(events) == word("It ")
        for text in ("comes ", "häppchenweise"):
            model.say(text)
            assert next(events) == word(text)
        model.finish()
        assert [*events] == [STOP, END]


def test_the_model_gets_the_conversation_and_a_bound(example, model):
    model.finish()
    ask(example.url(FUNCTION_URL, "chat"), conversation("One", "Two", "Three"))

    (asked,) = model.asked
    assert asked["path"] == "/model/amazon.nova-lite-v1:0/converse-stream"
    assert asked["inferenceConfig"] == {"maxTokens": 1024}
    assert [each["role"] for each in asked["messages"]] == ["user", "assistant", "user"]
    assert asked["messages"][-1]["content"] == [{"text": "Three"}]


@pytest.mark.parametrize(
    ("code", "status", "tries", "shown", "retry"),
    [
        ("ThrottlingException", 429, 2, "The model is busy. Try again in a moment.", True),
        ("ValidationException", 400, 1, "The model does not take this conversation.", False),
        ("AccessDeniedException", 403, 1, "This function may not use the model.", False),
        ("StrangeException", 400, 1, "The model failed.", True),
    ],
)
def test_an_error_before_the_first_word_is_an_event(
    example, model, code, status, tries, shown, retry
):
    for _ in range(tries):  # botocore tries some of them again
        model.fail(ModelError(code, "a secret of the account", status))

    events = ask(example.url(FUNCTION_URL, "chat"), conversation("Hello"))

    assert events == [("error", {"message": shown, "retry": retry}), END]
    assert "a secret of the account" in example.log


@every_front
@pytest.mark.parametrize(
    "error", [ModelError("ModelStreamErrorException", "no"), BrokenOff()], ids=str
)
def test_an_error_midway_is_an_event_after_what_came(example, model, front, error):
    model.say("It ")
    with asking(example.url(front, "chat"), conversation("Hello")) as events:
        assert next(events) == word("It ")
        model.fail(error)
        assert [*events] == [FAILED, END]


def test_an_error_in_the_middle_of_a_stream_is_known_by_its_name(example, model):
    model.say("It ")
    model.fail(ModelError("ThrottlingException", "Too many tokens"))

    _, (_, data), _ = ask(example.url(FUNCTION_URL, "chat"), conversation("Hello"))

    assert data["message"] == "The model is busy. Try again in a moment."


def test_the_deadline_ends_an_answer_with_an_event():
    with models.running() as model, serving(model, timeout_s=3) as example:
        for front in FRONTS:
            model.say("It ")
            events = ask(example.url(front, "chat"), conversation("Hello"))
            assert events == [word("It "), ("end", {"reason": "deadline"})]
            model.finish()


def test_an_answer_of_many_megabytes_leaves_the_function_as_small_as_it_was(example, model):
    def sized(count):
        for _ in range(count):
            model.say("x" * 50_000)
        model.finish()
        url = example.url(FUNCTION_URL, "chat")
        with asking(url, conversation("Hello")) as events:
            return sum(len(data["text"]) for kind, data in events if kind == "word")

    sized(20)
    before = example.peak_bytes()

    assert sized(400) == 20_000_000
    assert example.peak_bytes() - before < 3 * MIB


@every_front
@pytest.mark.parametrize("token", ["", "wrong", "lokal-chät-token"])
def test_without_the_token_the_model_is_not_asked(example, model, front, token):
    body = conversation("Hello")

    status, message = refused(example.url(front, "chat"), body, token.encode().decode("latin-1"))

    assert (status, message) == (401, "The access token is wrong.")
    assert model.asked == []


@every_front
def test_what_is_no_conversation_is_refused(example, model, front):
    status, message = refused(example.url(front, "chat"), b"\xff{")

    assert (status, message) == (400, "The body is not JSON.")


@every_front
def test_the_page_comes_from_the_same_function(example, front):
    page = requests.get(example.url(front), timeout=20)
    script = requests.get(example.url(front, "chat.js"), timeout=20)
    other = requests.get(example.url(front, "app.py"), timeout=20)

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert (page.status_code, script.status_code, other.status_code) == (200, 200, 404)
