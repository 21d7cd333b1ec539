"""Gives the examples of chat any JSON as a request: it is used, or refused with a sentence."""

import contextlib
import importlib.util
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.paths import ROOT

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "CHAT_TOKEN": "none",
    "MAX_TOKENS": "1",
    "MODEL_ID": "none",
}
ROLES = st.sampled_from(["user", "assistant", "system"]) | st.none()
TEXTS = st.text(max_size=5) | st.integers()
MESSAGES = st.fixed_dictionaries({}, optional={"role": ROLES, "text": TEXTS, "more": st.none()})
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
BODIES = JSON | st.fixed_dictionaries({"messages": st.lists(MESSAGES | JSON, max_size=4) | JSON})


@pytest.fixture(scope="module")
def app():
    path = ROOT / "examples/bedrock-chat/app/app.py"
    spec = importlib.util.spec_from_file_location("bedrock_chat_app", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        spec.loader.exec_module(module)
    return module


@given(body=BODIES)
def test_any_json_becomes_a_conversation_for_bedrock_or_a_sentence(app, body):
    event = {"body": json.dumps(body), "isBase64Encoded": False}
    with contextlib.suppress(ValueError):
        messages = app.conversation(event)

        roles = [each["role"] for each in messages]
        assert roles[::2] == ["user"] * len(roles[::2])
        assert roles[1::2] == ["assistant"] * len(roles[1::2])
        assert len(roles) % 2 == 1
        for each in messages:
            (content,) = each["content"]
            assert content["text"].strip()


@given(body=st.text())
def test_any_text_is_refused_with_a_sentence(app, body):
    with pytest.raises(ValueError, match=r"\.$"):
        app.conversation({"body": body})
