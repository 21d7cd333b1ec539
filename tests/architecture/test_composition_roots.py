"""Tests that what is impure enters in the composition roots, and that each builds its function."""

import importlib
import re

import pytest

from tests.support.paths import PACKAGES, ROOT


@pytest.mark.parametrize("function", ["stream_function", "api_function", "publish_function"])
def test_each_composition_root_builds_a_handler_from_the_environment_alone(function, monkeypatch):
    monkeypatch.setenv("DASHBOARD_TABLE", "t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    assert callable(importlib.import_module(f"{function}.handler").handler)


IMPURE = re.compile(r"\b(os\.environ|time\.(time|monotonic|sleep)|random\.(random|uniform))\b")
ROOTS = {
    "functions/api/api_function/handler.py",
    "functions/publish/publish_function/handler.py",
    "functions/stream/stream_function/handler.py",
    "layers/dashboard/python/dashboard_setup/clients.py",
    # A handler calls what these three define, so they put together what they need.
    "layers/streaming_runtime/python/lambda_streaming/buffered.py",
    "layers/streaming_runtime/python/lambda_streaming/encoders.py",
    "layers/streaming_runtime/python/lambda_streaming/server_sent_events/body.py",
    "layers/streaming_runtime/python/streaming_runtime/__main__.py",
    "layers/streaming_runtime/python/streaming_runtime/loop.py",
}


def files_that_say(pattern):
    return {
        path.relative_to(ROOT).as_posix()
        for name, package in PACKAGES.items()
        if name not in ("local_lambda", "sse_conformance")  # neither runs on Lambda
        for path in package.rglob("*.py")
        if "testing" not in path.parts  # it runs beside tests, never on Lambda
        if pattern.search(path.read_text("utf-8"))
    }


def test_only_composition_roots_read_environment_clock_and_chance():
    assert files_that_say(IMPURE) == ROOTS


def test_only_the_table_handle_names_the_table_in_a_request():
    found = files_that_say(re.compile(r"\bTableName\b"))
    assert found == {"layers/dashboard/python/dashboard_data/dynamodb.py"}
