"""Tests the handler that Lambda imports."""

import importlib
import sys

from tests.publish_function.stream_records import Context, published, record


def test_the_handler_that_lambda_imports_publishes(client, table, monkeypatch, feed, make_item):
    for name, value in {
        "DASHBOARD_TABLE": table,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "POWERTOOLS_METRICS_NAMESPACE": "Test",
        "POWERTOOLS_SERVICE_NAME": "publish",
    }.items():
        monkeypatch.setenv(name, value)
    sys.modules.pop("publish_function.handler", None)
    module = importlib.import_module("publish_function.handler")
    item = make_item()
    assert module.handler({"Records": [record(item)]}, Context()) == {"batchItemFailures": []}
    assert published(feed) == [item]
