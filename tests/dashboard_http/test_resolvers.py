"""Tests the pool of resolvers: what streams share of it, and what their requests leave in it."""

import gc
import threading
import weakref

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from dashboard_http.cors import Cors
from dashboard_http.front import Routes, json_response, make_handler
from hypothesis import given
from hypothesis import strategies as st

VERSIONS = ["1.0", "2.0"]


class Payload(dict):
    """A payload that can be referred to weakly."""


class Context:
    """A context of an invocation, likewise."""


def request(version, path):
    http = {"http": {"method": "GET", "path": path}} if version == "2.0" else {}
    return Payload(
        version=version,
        rawPath=path,
        path=path,
        httpMethod="GET",
        headers={},
        resource=path,
        requestContext={"stage": "$default", "path": path, **http},
    )


def handler_of(add_routes):
    made = []

    def routes():
        router = Routes()
        add_routes(router)
        made.append(router)
        return router

    handler = make_handler(routes, Cors(()), Logger(service="test", stream=None), timer=float)
    return handler, made


def add_stream(router):
    @router.get("/<name>")
    def route(name):
        router.append_context(secret=name)

        def pieces():
            yield name
            yield router.context.get("secret", "no secret")
            yield router.current_event.path

        return Response(200, "text/plain", pieces())


def at_once(count, work):
    """Calls `work` with 0, 1, ... in a thread each. Raises what the first of them raised."""
    failures = []

    def run(number):
        try:
            work(number)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    if failures:
        raise failures[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_more_requests_at_once_than_the_pool_keeps_see_themselves_alone(version):
    count = 40
    together = threading.Barrier(count)

    def add_route(router):
        @router.get("/<name>")
        def route(name):
            router.append_context(noted=name)
            together.wait(10)
            event, context = router.current_event, router.lambda_context
            return json_response(200, [name, event.path, router.context["noted"], context])

    handler, made = handler_of(add_route)
    responses = {}
    for _ in range(2):
        at_once(
            count, lambda n: responses.update({n: handler(request(version, f"/{n}"), n)["body"]})
        )
        assert responses == {n: f'["{n}","/{n}","{n}",{n}]' for n in range(count)}

    assert len(made) < 2 * count  # some were kept


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stream_that_runs_needs_no_resolver(version):
    handler, made = handler_of(add_stream)
    before = len(made)

    results = [handler(request(version, f"/{number}"), None) for number in range(50)]

    assert len(made) == before
    assert [next(result["body"]) for result in results] == [str(n) for n in range(50)]


@given(order=st.permutations(range(6)), version=st.sampled_from(VERSIONS))
def test_a_stream_never_sees_the_request_of_another_whoever_reads_it_when(order, version):
    """It sees no request at all, its own neither: its route is over."""
    handler, _ = handler_of(add_stream)
    streams = [handler(request(version, f"/secret-{n}"), None)["body"] for n in range(6)]

    def read(number):
        stream = streams[order[number]]
        assert next(stream) == f"secret-{order[number]}"
        handler(request(version, "/other"), None)
        assert next(stream) == "no secret"
        with pytest.raises(RuntimeError, match="route is over"):
            next(stream)

    at_once(6, read)


def test_a_stream_that_is_read_while_another_request_has_the_resolver_sees_nothing_of_it():
    inside, go_on = threading.Event(), threading.Event()

    def add_routes(router):
        add_stream(router)

        @router.get("/slow/<name>")
        def slow(name):
            router.append_context(secret=name)
            inside.set()
            go_on.wait(10)
            return json_response(200, router.context["secret"])

    handler, _ = handler_of(add_routes)
    stream = handler(request("2.0", "/mine"), None)["body"]
    responses = []
    other = threading.Thread(
        target=lambda: responses.append(handler(request("2.0", "/slow/theirs"), None)["body"])
    )
    other.start()
    assert inside.wait(10)
    try:
        assert [next(stream), next(stream)] == ["mine", "no secret"]
        with pytest.raises(RuntimeError):
            next(stream)
    finally:
        go_on.set()
        other.join(10)

    assert responses == ['"theirs"']


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_of_a_request_lives_as_long_as_its_stream(version):
    handler, _ = handler_of(add_stream)
    payload, context = request(version, "/name"), Context()
    alive = [weakref.ref(payload), weakref.ref(context)]

    result = handler(payload, context)
    del payload, context
    gc.collect()

    assert [each() for each in alive] == [None, None]
    assert (BaseRouter.current_event, BaseRouter.lambda_context) == (None, None)
    assert next(result["body"]) == "name"


def test_a_route_that_fails_gives_its_resolver_back_empty():
    def add_routes(router):
        add_stream(router)

        @router.get("/broken/<name>")
        def broken(name):
            router.append_context(secret=name)
            raise SystemExit(name)

    handler, made = handler_of(add_routes)
    before = len(made)
    for _ in range(3):
        with pytest.raises(SystemExit):
            handler(request("2.0", "/broken/x"), None)

    assert len(made) == before
    stream = handler(request("2.0", "/a"), None)["body"]
    assert [next(stream), next(stream)] == ["a", "no secret"]
