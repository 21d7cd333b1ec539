"""Tests that each function is built from the environment alone."""

import importlib

import pytest


@pytest.mark.parametrize("function", ["stream_function", "api_function", "publish_function"])
def test_each_composition_root_builds_a_handler_from_the_environment_alone(function, monkeypatch):
    monkeypatch.setenv("DASHBOARD_TABLE", "t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    assert callable(importlib.import_module(f"{function}.handler").handler)
