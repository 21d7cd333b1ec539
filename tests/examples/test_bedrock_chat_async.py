"""Serves the async chat: streams, fails well, and needs no memory for what it has sent."""

import pytest

from tests.examples.chat_client import ask, asking, refused
from tests.examples.serving import FRONTS, FUNCTION_URL, served
from tests.support import model as models
from tests.support.model import BrokenOff, ModelError
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
HELLO = {"question": "Hello"}
END = ("end", {"reason": "done"})
FAILED = ("error", {"message": "The model failed.", "retry": True})
every_front = pytest.mark.parametrize("front", FRONTS)


def serving(model, *options, **more):
    endpoint = f"AWS_ENDPOINT_URL_BEDROCK_RUNTIME={model.url}"
    return served("bedrock-chat-async", "--pass-env", endpoint, *options, **more)


@pytest.fixture(scope="module")
def running():
    with models.running() as model, serving(model) as example:
        yield model, example


@pytest.fixture(scope="module")
def hurried():
    """Yields a model, and a function that waits a second for its first word and 3 s for all."""
    patience = ("--pass-env", "FIRST_WORD_S=1")
    with models.running() as model, serving(model, *patience, timeout_s=3) as example:
        yield model, example


@pytest.fixture
def model(running):
    model, _ = running
    model.asked.clear()
    yield model
    eventually(model.words.empty)


@pytest.fixture
def example(running):
    return running[1]


def word(text):
    return ("word", {"text": text})


@every_front
def test_a_word_arrives_before_the_model_says_the_next(example, model, front):
    model.say("It ")
    with asking(example.url(front, "ask"), HELLO) as events:
        assert next(events) == word("It ")
        for text in ("comes ", "häppchenweise"):
            model.say(text)
            assert next(events) == word(text)
        model.finish()
        assert [*events] == [("stop", {"reason": "end_turn"}), END]

    assert model.asked[0]["inferenceConfig"] == {"maxTokens": 1024}


def test_an_error_before_the_first_word_is_an_event(example, model):
    model.fail(ModelError("ThrottlingException", "a secret of the account", 429))

    events = ask(example.url(FUNCTION_URL, "ask"), HELLO)

    busy = "The model is busy. Try again in a moment."
    assert events == [("error", {"message": busy, "retry": True}), END]
    assert "a secret of the account" in example.log


@every_front
@pytest.mark.parametrize(
    "error", [ModelError("ModelStreamErrorException", "no"), BrokenOff()], ids=["told", "lost"]
)
def test_an_error_midway_is_an_event_after_what_came(example, model, front, error):
    model.say("It ")
    with asking(example.url(front, "ask"), HELLO) as events:
        assert next(events) == word("It ")
        model.fail(error)
        assert [*events] == [FAILED, END]


@every_front
def test_the_deadline_ends_an_answer_with_an_event(hurried, front):
    model, example = hurried
    model.say("It ")
    assert ask(example.url(front, "ask"), HELLO) == [word("It "), ("end", {"reason": "deadline"})]
    model.finish()
    eventually(model.words.empty)


def test_a_model_that_does_not_begin_is_given_up(hurried):
    model, example = hurried

    events = ask(example.url(FUNCTION_URL, "ask"), HELLO)

    message = "The model did not begin in time."
    assert events == [("error", {"message": message, "retry": True}), END]
    model.finish()
    eventually(model.words.empty)


def test_an_answer_of_many_megabytes_leaves_the_function_as_small_as_it_was(example, model):
    def sized(count):
        for _ in range(count):
            model.say("x" * 50_000)
        model.finish()
        with asking(example.url(FUNCTION_URL, "ask"), HELLO) as events:
            return sum(len(data["text"]) for kind, data in events if kind == "word")

    sized(20)
    before = example.peak_bytes()

    assert sized(400) == 20_000_000
    assert example.peak_bytes() - before < 3 * MIB


@every_front
def test_without_the_token_the_model_is_not_asked(example, model, front):
    refusal = refused(example.url(front, "ask"), HELLO, token="wrong")

    assert refusal == (401, "The access token is wrong.")
    assert model.asked == []


@every_front
def test_what_is_no_question_is_refused(example, model, front):
    assert refused(example.url(front, "ask"), b"\xff{") == (400, "The body is not JSON.")
