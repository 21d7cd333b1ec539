"""Calls the tools with the SDK's client, and the handler as Lambda does. Nothing is served."""

import asyncio
import json
import threading

import anyio
import app
import pytest
from lambda_streaming.testing import call, function_url, opened, rest_api
from mcp import Client

ACCEPT = "application/json, text/event-stream"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(app, "STEP_S", 0.01)


def request(front, method="tools/call", headers=(), **parameters):
    """Returns the payload of one JSON-RPC request over HTTP."""
    sent = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    return front("POST", "/mcp", json=sent, headers={"Accept": ACCEPT, **dict(headers)})


def research(front, steps):
    arguments = {"topic": "tea", "steps": steps}
    return request(front, name="research", arguments=arguments, _meta={"progressToken": "p"})


def test_the_tools_do_what_they_say():
    async def ask():
        async with Client(app.server) as client:
            counted = await client.call_tool("count_words", {"text": "a b c"})
            refused = await client.call_tool("count_words", {"text": " "})
            return counted, refused

    counted, refused = asyncio.run(ask())

    assert counted.structured_content == {"result": 3}
    assert refused.is_error
    assert "there is no text to count" in refused.content[0].text


@pytest.mark.parametrize("front", [function_url, rest_api])
def test_progress_comes_while_the_tool_runs(front, monkeypatch):
    seen = threading.Event()

    async def read_source(topic, number):
        while number == 2 and not seen.is_set():  # the client has to get the first one before
            await anyio.sleep(0.001)
        return f"source {number} on {topic}"

    monkeypatch.setattr(app, "read_source", read_source)
    with opened(app.handler, research(front, steps=3)) as stream:
        progress = next(stream.events())
        assert json.loads(progress.data)["params"]["message"] == "read source 1 on tea"
        seen.set()
        *_, last = stream.events()

    assert json.loads(last.data)["result"]["content"][0]["text"] == "3 sources agree on tea"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_stream_of_its_own_and_the_end_of_a_session_are_refused(method):
    reply = call(app.handler, function_url(method, "/mcp", headers={"Accept": ACCEPT}))

    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_a_page_of_another_origin_is_refused():
    payload = request(function_url, "tools/list", headers={"Origin": "https://evil.example"})

    assert call(app.handler, payload).status == 403


def test_a_client_that_takes_no_events_is_told():
    payload = request(function_url, "tools/list", headers={"Accept": "application/json"})

    assert call(app.handler, payload).status == 406
