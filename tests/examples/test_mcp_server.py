"""Serves the MCP server, and calls it with the official SDK's client, of both eras of the protocol.

`legacy` is the era with an `initialize`; `auto` takes the newest that both sides know, in which
each request stands for itself.
"""

import asyncio
import time

import pytest

from tests.examples.serving import FRONTS, arrivals, served
from tests.support.waiting import eventually

mcp = pytest.importorskip("mcp")
pytestmark = [pytest.mark.e2e, pytest.mark.once]

FUNCTION_URL, REST_API = FRONTS
MIB = 1024 * 1024
ACCEPT = "application/json, text/event-stream"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HOST = "mcp.example.com"
every_front = pytest.mark.parametrize("front", FRONTS)
every_era = pytest.mark.parametrize("era", ["legacy", "auto"])


@pytest.fixture(scope="module")
def example():
    with served("mcp-server") as running:
        yield running


@pytest.fixture(scope="module")
def faulty():
    with served("mcp-server", timeout_s=4, faults="mcp_server.py") as running:
        yield running


@pytest.fixture(scope="module")
def guarded():
    parameters = {"AllowedHosts": HOST, "AllowedOrigins": "https://app.example"}
    with served("mcp-server", parameters=parameters) as running:
        yield running


def with_client(url, era, use):
    """Returns what `use(client)` returns, with a client that is connected to the server."""

    async def run():
        async with mcp.Client(url, mode=era, read_timeout_seconds=20) as client:
            return await use(client)

    return asyncio.run(run())


class Progress:
    """Notes each report of progress, and when it came."""

    def __init__(self):
        self.messages = []
        self.at_s = []

    async def __call__(self, progress, total, message):
        self.messages.append(message)
        self.at_s.append(time.monotonic())


async def research(client, topic="tea", steps=3):
    """Returns the result, the progress, and when the result came."""
    progress = Progress()
    result = await client.call_tool(
        "research", {"topic": topic, "steps": steps}, progress_callback=progress
    )
    return result, progress, time.monotonic()


@every_front
@every_era
def test_progress_arrives_while_the_tool_runs(example, front, era):
    result, progress, ended_s = with_client(example.url(front, "mcp"), era, research)

    assert result.structured_content == {"result": "3 sources agree on tea"}
    assert progress.messages == [f"read source {number} on tea" for number in (1, 2, 3)]
    first, second, third = progress.at_s
    assert max(second - first, third - second) > 0.15
    assert ended_s - first > 0.3


@every_front
@every_era
def test_tools_are_listed_and_called_and_their_errors_are_results(example, front, era):
    async def use(client):
        listed = await client.list_tools()
        counted = await client.call_tool("count_words", {"text": "a b c"})
        refused = await client.call_tool("count_words", {"text": ""})
        wrong = await client.call_tool("research", {"topic": "tea", "steps": 0})
        return listed, counted, refused, wrong

    listed, counted, refused, wrong = with_client(example.url(front, "mcp"), era, use)

    assert [tool.name for tool in listed.tools] == ["research", "count_words"]
    assert counted.structured_content == {"result": 3}
    assert (refused.is_error, wrong.is_error) == (True, True)
    assert "there is no text to count" in refused.content[0].text


@every_era
def test_the_next_request_may_reach_another_environment(example, era):
    killed = []

    async def use(client):
        before = await client.call_tool("count_words", {"text": "a"})
        for environment in example.emulator.environments():
            if environment["pid"] and not environment["active"]:
                killed.append(environment["pid"])
                example.emulator.kill_environment(environment["pid"])
        return before, await client.call_tool("count_words", {"text": "a b"})

    before, after = with_client(example.url(FUNCTION_URL, "mcp"), era, use)

    assert killed
    assert before.structured_content == {"result": 1}
    assert after.structured_content == {"result": 2}


@every_era
def test_two_tools_run_at_the_same_time(example, era):
    def two_are_idle():
        states = [each["state"] for each in example.emulator.environments()]
        return states.count("idle") >= 2

    async def both(client):
        return await asyncio.gather(research(client, "tea"), research(client, "milk"))

    async def use(client):
        await both(client)  # starts a second environment, which may take longer than a tool
        await asyncio.to_thread(eventually, two_are_idle, 30)
        return await both(client)

    (_, tea, tea_s), (_, milk, milk_s) = with_client(example.url(REST_API, "mcp"), era, use)

    assert tea.messages[0] == "read source 1 on tea"
    assert milk.messages[0] == "read source 1 on milk"
    assert max(tea.at_s[0], milk.at_s[0]) < min(tea_s, milk_s)


@every_front
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_only_post_is_served(example, front, method):
    arrived = arrivals(example.url(front, "mcp"), method, headers={"Accept": ACCEPT})

    assert (arrived.status, arrived.response.headers["Allow"]) == (405, "POST")


@every_front
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "application/json"}, 406),
        ({"Accept": "text/html"}, 406),
        ({"Content-Type": "text/plain"}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "anything.example"}, 200),
    ],
)
def test_requests_that_the_protocol_forbids_are_refused(example, front, headers, status):
    sent = {"Accept": ACCEPT, "Content-Type": "application/json", **headers}

    assert arrivals(example.url(front, "mcp"), "POST", json=LIST, headers=sent).status == status


@every_front
def test_with_allowed_hosts_other_hosts_are_refused(guarded, front):
    def status(host):
        headers = {"Accept": ACCEPT, "Host": host}
        return arrivals(guarded.url(front, "mcp"), "POST", json=LIST, headers=headers).status

    assert [status(HOST), status("other.example")] == [200, 421]


@every_front
def test_a_page_of_an_allowed_origin_may_call(guarded, front):
    url = guarded.url(front, "mcp")
    asked = {"Host": HOST, "Origin": "https://app.example"}
    preflight = arrivals(
        url,
        "OPTIONS",
        headers={
            **asked,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,mcp-protocol-version",
        },
    )
    called = arrivals(url, "POST", json=LIST, headers={**asked, "Accept": ACCEPT})

    assert preflight.status == 200
    assert "mcp-protocol-version" in preflight.response.headers["Access-Control-Allow-Headers"]
    assert called.status == 200
    assert called.response.headers["Access-Control-Allow-Origin"] == "https://app.example"


@every_era
def test_a_tool_that_fails_midway_is_a_result_after_its_progress(faulty, era):
    seen = len(faulty.log)
    result, progress, _ = with_client(
        faulty.url(FUNCTION_URL, "mcp"), era, lambda client: research(client, "failing")
    )

    assert len(progress.messages) == 1
    assert result.is_error
    assert result.content[0].text == "Error executing tool research"
    faulty.wait_for_log("the source failed midway", after=seen)


@pytest.mark.parametrize(
    ("topic", "front", "era"),
    [
        ("endless", FUNCTION_URL, "legacy"),
        ("endless", REST_API, "auto"),
        ("crashing", REST_API, "legacy"),
        ("crashing", FUNCTION_URL, "auto"),
    ],
)
def test_a_stream_that_ends_early_is_an_error_at_the_client(faulty, topic, front, era):
    progress = Progress()

    async def use(client):
        arguments = {"topic": topic, "steps": 100}
        with pytest.raises(mcp.MCPError) as raised:
            await client.call_tool("research", arguments, progress_callback=progress)
        again = await client.call_tool("count_words", {"text": "a b"})
        return raised.value, again

    error, again = with_client(faulty.url(front, "mcp"), era, use)

    assert progress.messages
    assert str(error)
    assert again.structured_content == {"result": 2}


def test_many_reports_of_progress_need_no_memory(faulty):
    async def use(client):
        await research(client, "small")
        before = faulty.peak_bytes()
        _, progress, _ = await research(client, "large", steps=1_000)
        return progress, faulty.peak_bytes() - before

    progress, grown_bytes = with_client(faulty.url(FUNCTION_URL, "mcp"), "auto", use)

    assert len(progress.messages) == 1_000
    assert grown_bytes < 3 * MIB
