"""Tests the live view: what is sent, how often, and to whom."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from local_lambda.admin.live import LiveView, encode
from local_lambda.admin.overview import PARTS, Overview
from local_lambda.application import (
    Api,
    Application,
    Event,
    Finding,
    Function,
    FunctionUrl,
    ListenerRule,
    LoadBalancer,
    Route,
)
from local_lambda.environments.records import Record, Records
from local_lambda.fronts.faults import Block, Faults
from local_lambda.http.server import HttpServer

RECORD = Record(
    function="A", request_id="1", pid=7, started_at_s=1.0, duration_ms=12.3, memory_mb=128
)
FUNCTION = Function("A", name="a", handler="a.b", runtime="python3.13", code=None)


def overview_of(application=None, function=FUNCTION, **origins):
    pool = SimpleNamespace(function=function, environments=[], throttle_limit=None)
    return Overview({"A": pool}, Faults(), Records(), application or Application(), origins)


def test_text_with_every_kind_of_line_break_stays_one_event():
    data = json.dumps("a\r\n\u2028\u0085\nb")
    assert encode("x", data).decode().splitlines() == ["event: x", f"data: {data}", ""]


def test_every_part_is_json():
    overview = overview_of()
    overview.faults.block(Block("/a", None))
    overview.records.add(RECORD)
    for name in PARTS:
        json.dumps(overview.part(name))


def test_a_function_is_shown_with_its_url_and_the_routes_that_lead_to_it():
    api = Api("Rest", "rest", (Route("GET", "/x", "A"), Route("GET", "/y/{id}", "A")))
    rules = (
        ListenerRule({"path-pattern": ("/z*",), "host-header": ("a.b",)}, function="A"),
        ListenerRule(function="A"),
        ListenerRule(function="B"),
    )
    application = Application(apis=(api,), load_balancers=(LoadBalancer("Balancer", rules),))
    function = Function(
        "A", name="a", handler="a.b", runtime="x", code=None, url=FunctionUrl(streaming=True)
    )
    origins = {"A": "http://u/", "Rest": "http://r/", "Balancer": "http://b/"}

    (shown,) = overview_of(application, function, **origins).part("functions")

    assert (shown["url"], shown["streams"]) == ("http://u/", True)
    assert [(each["method"], each["path"], each["url"]) for each in shown["routes"]] == [
        ("GET", "/x", "http://r/x"),
        ("GET", "/y/{id}", None),
        ("ANY", "/z*; host-header: a.b", None),
        ("ANY", "*", "http://b/"),
    ]
    assert [each["of"] for each in shown["routes"]] == ["Rest", "Rest", "Balancer", "Balancer"]


def test_events_of_a_function_that_cannot_run_are_left_out():
    events = (Event("A", "Jobs", "SQS"), Event("Broken", "Jobs", "SQS"))
    shown = overview_of(Application(events=events)).part("events")
    assert [(each["function"], each["of"]) for each in shown] == [("A", "a")]


def test_a_finding_is_shown_as_a_sentence_and_as_its_parts():
    finding = Finding("cannot be served", advice="do this", resource="R", line=3)
    (shown,) = overview_of(Application(findings=(finding,))).part("findings")
    assert shown["sentence"] == "line 3: R: cannot be served; do this"
    assert shown["line"] == 3


class Reader:
    """Reads a live view over a real socket."""

    def __init__(self, port, limit_bytes=2**16):
        self._port = port
        self._limit_bytes = limit_bytes

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self._port, limit=self._limit_bytes
        )
        self.writer.write(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await self.reader.readuntil(b"\r\n\r\n")
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def part(self, name):
        """Returns the next value of one part."""
        await self.reader.readuntil(f"event: {name}\ndata: ".encode())
        return json.loads(await self.reader.readuntil(b"\n"))


@pytest.fixture
def served():
    """Runs a test's coroutine with a live view that is served, and its overview."""

    def serve(test):
        async def run():
            overview = overview_of()
            view = LiveView(overview)
            server = HttpServer(view.follow, "live")
            await server.start()
            try:
                async with asyncio.timeout(10):
                    await test(overview, view, server.port)
            finally:
                await server.close()

        asyncio.run(run())

    return serve


def test_a_reader_gets_all_parts_first_and_then_those_that_change(served):
    async def test(overview, view, port):
        async with Reader(port) as reader:
            for name in PARTS:
                await reader.part(name)
            overview.records.add(RECORD)
            (shown,) = await reader.part("invocations")
            assert shown["request_id"] == "1"
            overview.faults.delay("/a", 5)
            assert (await reader.part("faults"))["delays"] == [{"path_prefix": "/a", "ms": 5}]

    served(test)


def test_a_hundred_changes_in_a_moment_are_one_event(served):
    async def test(overview, view, port):
        async with Reader(port) as reader:
            await reader.part("findings")
            for _ in range(100):
                overview.records.add(RECORD)
            assert len(await reader.part("invocations")) == 50
            overview.faults.delay("/a", 5)
            rest = await reader.reader.readuntil(b"event: faults\n")
            assert b"event: invocations" not in rest

    served(test)


def test_a_reader_that_left_is_forgotten(served):
    async def test(overview, view, port):
        async with Reader(port) as reader:
            await reader.part("findings")
            assert view.readers == 1
        while view.readers:
            await asyncio.sleep(0.01)

    served(test)


def test_a_reader_that_does_not_read_holds_up_nobody_and_then_sees_the_newest(served):
    async def test(overview, view, port):
        async with Reader(port) as slow, Reader(port, limit_bytes=2**24) as quick:
            for number in range(60):
                overview.faults.block(Block("/" + "x" * 100_000 + str(number)))
            while len((await quick.part("faults"))["blocks"]) < 60:
                pass
            overview.faults.blocks = []
            while (await quick.part("faults"))["blocks"]:
                pass
            read = 0
            last = b""
            while b'"blocks":[]' not in last or read < 6_000_000:
                last = last[-100:] + await slow.reader.read(2**16)
                read += len(last)

    served(test)
