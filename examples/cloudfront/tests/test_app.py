"""Asks the function in this process; nothing is served."""

import base64
import json

import app
import pytest


def ask(method, path, body=None, encoded=False):
    payload = {
        "version": "2.0",
        "rawPath": path,
        "requestContext": {"http": {"method": method}},
        "body": base64.b64encode(body).decode() if encoded else body,
        "isBase64Encoded": encoded,
    }
    return app.handler(payload, None)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(app, "PAUSE_S", 0)


@pytest.mark.parametrize("encoded", [False, True])
def test_each_word_is_an_event(encoded):
    body = json.dumps({"text": "one two"})
    response = ask("POST", "/words", body.encode() if encoded else body, encoded)

    assert response["headers"]["Content-Type"] == "text/event-stream"
    assert b"".join(response["body"]).startswith(b"data: one\n\ndata: two\n\n")


@pytest.mark.parametrize("body", [None, "", "{", "[]", "{}", '{"text": 1}', '{"text": null}'])
def test_anything_but_a_text_is_400(body):
    assert ask("POST", "/words", body)["statusCode"] == 400


def test_a_long_text_is_400():
    body = json.dumps({"text": "x" * (app.LONGEST_TEXT + 1)})

    assert ask("POST", "/words", body)["statusCode"] == 400


def test_what_is_not_there_is_404():
    assert ask("GET", "/words")["statusCode"] == 404


def test_the_page_is_there():
    assert "page.js" in ask("GET", "/")["body"]
    assert "x-amz-content-sha256" in ask("GET", "/page.js")["body"]
