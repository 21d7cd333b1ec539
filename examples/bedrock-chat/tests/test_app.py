"""Runs the chat in this process, with the local model in place of Bedrock; nothing is served."""

import importlib

import local_model
import pytest
from lambda_streaming.testing import call, function_url, opened, rest_api

TOKEN = "a-token-for-tests"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
HELLO = {"messages": [{"role": "user", "text": "Hello"}]}


class Model:
    """Says `words`, an exception among them when it comes to it. `asked` are the requests."""

    def __init__(self):
        self.asked = []
        self.words = ["Good ", "day"]

    def speak(self, request):
        self.asked.append(request)
        for word in self.words:
            if isinstance(word, Exception):
                raise word
            yield word


@pytest.fixture(scope="module")
def chat():
    """Yields the application, which is imported with its model's address in the environment."""
    model = Model()
    with local_model.serving(model.speak) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        environment.setenv("AWS_ACCESS_KEY_ID", "none")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "none")
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        environment.setenv("MODEL_ID", "local.model-v1")
        environment.setenv("MAX_TOKENS", "50")
        environment.setenv("CHAT_TOKEN", TOKEN)
        yield importlib.import_module("app"), model


@pytest.fixture
def app(chat):
    return chat[0]


@pytest.fixture
def model(chat):
    chat[1].__init__()
    return chat[1]


@pytest.mark.parametrize("front", [function_url, rest_api])
def test_words_and_the_end_are_events(app, model, front):
    reply = call(app.handler, front("POST", "/chat", headers=HEADERS, json=HELLO))

    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    assert [(event.type, event.json()) for event in reply.events] == [
        ("word", {"text": "Good "}),
        ("word", {"text": "day"}),
        ("stop", {"reason": "end_turn", "note": ""}),
        ("end", {"reason": "done"}),
    ]
    assert model.asked[0]["messages"] == [{"role": "user", "content": [{"text": "Hello"}]}]
    assert model.asked[0]["inferenceConfig"] == {"maxTokens": 50}


def test_a_client_that_leaves_ends_the_answer_where_that_can_be_seen(app, model):
    with opened(app.handler, function_url("POST", "/chat", headers=HEADERS, json=HELLO)) as stream:
        assert next(stream.events()).json() == {"text": "Good "}


@pytest.mark.parametrize(
    ("code", "message", "retry"),
    [
        ("ServiceUnavailableException", "The model is busy. Try again in a moment.", True),
        ("ValidationException", "The model does not take this conversation.", False),
    ],
)
@pytest.mark.parametrize("before", [[], ["Good "]])
def test_an_error_of_the_model_is_an_event(app, model, code, message, retry, before):
    model.words = [*before, local_model.ModelError(code, "details")]

    reply = call(app.handler, function_url("POST", "/chat", headers=HEADERS, json=HELLO))

    *words, error, end = reply.events
    assert [event.json()["text"] for event in words] == before
    assert (error.type, error.json()) == ("error", {"message": message, "retry": retry})
    assert end.type == "end"


def test_an_answer_without_its_end_is_an_error(app, model):
    model.words = ["Good ", local_model.BrokenOff()]

    reply = call(app.handler, function_url("POST", "/chat", headers=HEADERS, json=HELLO))

    assert [event.type for event in reply.events] == ["word", "error", "end"]


def said(*texts):
    roles = ["user", "assistant"] * len(texts)
    return [{"role": role, "text": text} for role, text in zip(roles, texts, strict=False)]


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        (None, "messages must be a list"),
        ([], "messages must be a list"),
        (said(*"x" * 101), "messages must be a list of 1 to 100"),
        (["Hello"], "A message has a role"),
        ([{"role": "system", "text": "x"}], "A message has a role"),
        (said(" \n"), "a text that is not blank"),
        (said("x", "y", "z")[1:], "first of the user"),
        (said("x", "y"), "The last message must be the user's"),
        (said("x" * 60_001), "at most 60000 characters"),
    ],
)
def test_what_is_no_conversation_is_refused_with_a_sentence(app, model, messages, complaint):
    payload = function_url("POST", "/chat", headers=HEADERS, json={"messages": messages})

    reply = call(app.handler, payload)

    assert reply.status == 400
    assert complaint in reply.json()["message"]
    assert model.asked == []


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{", b'"messages"', b"[" * 100_000])
def test_a_body_that_is_something_else_is_refused(app, model, body):
    reply = call(app.handler, function_url("POST", "/chat", headers=HEADERS, body=body))

    assert reply.status == 400


@pytest.mark.parametrize("token", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": ""}])
def test_without_the_token_nobody_chats(app, model, token):
    reply = call(app.handler, function_url("POST", "/chat", headers=token, json=HELLO))

    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert model.asked == []


def test_without_a_token_of_its_own_the_chat_is_closed(app, model, monkeypatch):
    monkeypatch.setattr(app, "CHAT_TOKEN", "")

    reply = call(
        app.handler,
        function_url("POST", "/chat", headers={"Authorization": "Bearer "}, json=HELLO),
    )

    assert (reply.status, model.asked) == (503, [])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/chat.js", 200),
        ("GET", "/chat", 405),
        ("GET", "/../app.py", 404),
        ("POST", "/", 404),
    ],
)
@pytest.mark.parametrize("front", [function_url, rest_api])
def test_the_page_and_nothing_else_is_there(app, front, method, path, status):
    assert call(app.handler, front(method, path)).status == status
