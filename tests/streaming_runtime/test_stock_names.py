"""Tests the names of the stock client that tools replace."""

import sys

import pytest
import streaming_runtime
import streaming_runtime.__main__ as main
from streaming_runtime.invocation import called_by
from streaming_runtime.loop import run, tell_tools

from tests.support.fake_runtime_api import FakeRuntimeApi, url_request

NAME = "streaming_runtime.stock_names"


@pytest.fixture
def names():
    """The module, as a tool finds it. It is gone afterwards, and what a test replaced in it."""
    yield main.awslambdaricmain.bootstrap
    del sys.modules[NAME]
    del streaming_runtime.stock_names


@pytest.fixture
def told(names):
    """Notes the calls of the client's methods, as a tool does that replaces them."""
    calls = []
    for name in ("post_init_error", "post_invocation_result", "post_invocation_error"):
        method = getattr(names.LambdaRuntimeClient, name)

        def noting(*arguments, name=name, method=method):
            calls.append((name, sys.exception(), *arguments[1:]))
            return method(*arguments)

        setattr(names.LambdaRuntimeClient, name, noting)
    return calls


def test_main_offers_them_in_both_places_where_the_stock_client_has_them(names):
    assert main.bootstrap is names
    assert callable(names.handle_event_request)
    assert not hasattr(main, "handle_http_request")


def test_a_function_whose_tools_do_not_ask_pays_nothing():
    def handler(event, context):
        return {}

    assert NAME not in sys.modules
    assert called_by(handler) is handler
    tell_tools(ValueError())
    assert NAME not in sys.modules


def test_a_handler_is_called_through_the_name_even_if_it_was_replaced_late(serve, names):
    original = names.handle_event_request
    seen = []

    def replaced(client, request_handler, *arguments):
        def wrapped(event, context):
            seen.append(context.aws_request_id)
            return request_handler(event, context)

        return original(client, wrapped, *arguments)

    def handler(event, context):
        names.handle_event_request = replaced
        return "fine"

    posts = serve(handler, {}, {})

    assert [post.body for post in posts] == [b'"fine"', b'"fine"']
    assert seen == ["request-2"]


def test_a_result_is_told_before_the_response_ends_and_an_error_before_it_is_posted(serve, told):
    def body(fails):
        yield "a"
        if fails:
            raise ValueError

    def handler(event, context):
        path = event["rawPath"]
        if path == "/error":
            raise KeyError
        if path == "/whole":
            return "whole"
        return {"statusCode": 200, "body": body(path == "/late")}

    paths = ["/whole", "/stream", "/error", "/late"]
    posts = serve(handler, *[url_request(path=path) for path in paths])

    assert len(posts) == 4
    assert [name for name, *_ in told] == [
        "post_invocation_result",
        "post_invocation_result",
        "post_invocation_error",
        "post_invocation_error",
    ]


def test_a_failed_start_is_told_with_lambdas_error_object(told):
    with FakeRuntimeApi([]) as platform:
        environ = {"AWS_LAMBDA_RUNTIME_API": platform.address, "_HANDLER": "no_such_module.handler"}
        assert run(environ) == 1

    ((name, exception, error),) = told
    assert name == "post_init_error"
    assert type(exception).__name__ == "RuntimeFault"
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert platform.posts[0].path == "init/error"
