"""Runs the function in this process, with the local model in place of Bedrock."""

import hashlib
import hmac
import importlib
import re

import local_model
import pytest
from lambda_streaming.testing import call, function_url, rest_api

TOKEN = "a-token-for-tests"
SECRET = "a-secret-key"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
HELLO = {"question": "Hello"}


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
        environment.setenv("AWS_ACCESS_KEY_ID", "AKID")
        environment.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        environment.setenv("AWS_SESSION_TOKEN", "a-session")
        environment.setenv("AWS_REGION", "eu-west-1")
        environment.setenv("MODEL_ID", "local.model-v1:0")
        environment.setenv("MAX_TOKENS", "50")
        environment.setenv("FIRST_WORD_S", "5")
        environment.setenv("CHAT_TOKEN", TOKEN)
        yield importlib.import_module("app"), model


@pytest.fixture
def app(chat):
    return chat[0]


@pytest.fixture
def model(chat):
    chat[1].__init__()
    return chat[1]


def ask(app, front=function_url, body=HELLO, headers=HEADERS):
    return call(app.handler, front("POST", "/ask", headers=headers, json=body))


@pytest.mark.parametrize(
    "front", [function_url, lambda *args, **parts: rest_api(*args, route="/ask", **parts)]
)
def test_words_and_the_end_are_events(app, model, front):
    reply = ask(app, front)

    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    assert [(event.type, event.json()) for event in reply.events] == [
        ("word", {"text": "Good "}),
        ("word", {"text": "day"}),
        ("stop", {"reason": "end_turn"}),
        ("end", {"reason": "done"}),
    ]
    assert model.asked[0]["path"] == "/model/local.model-v1:0/converse-stream"
    assert model.asked[0]["messages"] == [{"role": "user", "content": [{"text": "Hello"}]}]


@pytest.mark.parametrize("before", [[], ["Good "]])
@pytest.mark.parametrize(
    ("code", "message", "retry"),
    [
        ("ThrottlingException", "The model is busy. Try again in a moment.", True),
        ("ValidationException", "The model does not take this question.", False),
        ("StrangeException", "The model failed.", True),
    ],
)
def test_an_error_of_the_model_is_an_event(app, model, code, message, retry, before):
    model.words = [*before, local_model.ModelError(code, "details")]

    *words, error, end = ask(app).events

    assert [event.json()["text"] for event in words] == before
    assert (error.type, error.json()) == ("error", {"message": message, "retry": retry})
    assert end.type == "end"


def test_an_answer_that_breaks_off_is_an_error(app, model):
    model.words = ["Good ", local_model.BrokenOff()]

    assert [event.type for event in ask(app).events] == ["word", "error", "end"]


@pytest.mark.parametrize("body", [{}, [], {"question": " "}, {"question": 1}])
def test_what_is_no_question_is_refused(app, model, body):
    reply = ask(app, body=body)

    assert (reply.status, model.asked) == (400, [])


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 100_000])
def test_a_body_that_is_something_else_is_refused(app, model, body):
    reply = call(app.handler, function_url("POST", "/ask", headers=HEADERS, body=body))

    assert (reply.status, reply.json()) == (400, {"message": "The body is not JSON."})


def test_without_the_token_nobody_asks(app, model):
    assert ask(app, headers={}).status == 401
    assert ask(app, headers={"Authorization": "Bearer wrong"}).status == 401
    assert model.asked == []


def test_requests_are_signed_as_aws_describes_it(app):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    body = b'{"a": 1}'
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a%3A0/converse-stream"

    headers = {name.lower(): value for name, value in app.bedrock._signed(url, body).items()}

    pattern = r"AWS4-HMAC-SHA256 Credential=AKID/(.+), SignedHeaders=(.+), Signature=(\w+)"
    scope, names, signature = re.fullmatch(pattern, headers["authorization"]).groups()
    day, *_ = scope.split("/")
    assert scope == f"{day}/eu-west-1/bedrock/aws4_request"
    assert names == "content-type;host;x-amz-date;x-amz-security-token"
    sent = {"host": "bedrock-runtime.eu-west-1.amazonaws.com", **headers}
    lines = [f"{name}:{sent[name]}\n" for name in names.split(";")]
    path = "/model/a%253A0/converse-stream"  # as sent, and encoded once more
    request = ["POST", path, "", "".join(lines), names, hashlib.sha256(body).hexdigest()]
    hashed = hashlib.sha256("\n".join(request).encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashed])
    assert hmac.new(key, text.encode(), "sha256").hexdigest() == signature
