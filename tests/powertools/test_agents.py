"""Resolvers whose callers take a whole answer: it is the stock client's."""

import json

import pytest

from tests.powertools import payloads

pytestmark = pytest.mark.once

WHOLE = {
    "agent": payloads.agent("/whole"),
    "unvalidated_agent": payloads.agent("/whole"),
    "agent_function": payloads.agent_function("whole"),
    "app_sync": payloads.app_sync("whole"),
    "app_sync_events": payloads.app_sync_event("/chat/a", "x", "y"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_whole_answer_is_the_stock_clients(case, ours, stock):
    payload = {**WHOLE[case], "case": case}

    given = ours("agents.handler", payload).post
    assert given.body == stock("agents.handler", payload).post.body
    assert given.kind == "response"


@pytest.mark.parametrize(
    "payload",
    [
        [payloads.app_sync("batch", id=1), payloads.app_sync("batch", id=2)],
        [payloads.app_sync("later", id=1), payloads.app_sync("later", id=2)],
        {**payloads.app_sync_event("/later/a", "x"), "case": "app_sync_events"},
    ],
    ids=["batch", "asynchronous batch", "asynchronous event"],
)
def test_batches_and_asynchronous_resolvers_answer_as_under_the_stock_client(payload, ours, stock):
    given = ours("agents.handler", payload).post

    assert given.body == stock("agents.handler", payload).post.body
    assert given.kind == "response"


def test_a_field_that_yields_is_streamed_as_it_is(ours):
    """AppSync cannot take that: a resolver returns a list."""
    answer = ours("agents.handler", {**payloads.app_sync("words"), "case": "app_sync"})

    assert answer.post.body == b"onetwo"


@pytest.mark.parametrize("case", ["agent", "unvalidated_agent"])
def test_an_agent_gets_what_a_route_yields_as_a_list(case, ours):
    payload = {**payloads.agent("/words"), "case": case}
    response = json.loads(ours("agents.handler", payload).post.body)["response"]

    assert response["responseBody"]["application/json"]["body"] == '["one","two"]'


@pytest.mark.parametrize("case", ["agent", "unvalidated_agent"])
def test_an_agent_gets_a_streamed_text_whole(case, ours):
    payload = {**payloads.agent("/text"), "case": case}
    response = json.loads(ours("agents.handler", payload).post.body)["response"]

    assert response["responseBody"] == {"text/plain": {"body": "one two"}}


def test_an_agents_function_that_yields_is_an_answer_that_names_the_fault(ours, stock):
    payload = {**payloads.agent_function("words"), "case": "agent_function"}
    given = ours("agents.handler", payload)
    [body] = json.loads(given.post.body)["response"]["functionResponse"]["responseBody"].values()

    assert "generator is not JSON serializable" in body["body"]
    assert given.post.body == stock("agents.handler", payload).post.body
