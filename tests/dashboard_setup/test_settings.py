"""What is set from outside: defaults, and clear words for what cannot be."""

import importlib
import socket
from contextlib import suppress

import pytest
from botocore.exceptions import ReadTimeoutError
from dashboard_setup.clients import dynamodb
from dashboard_setup.settings import Settings
from stream_function import life


def test_the_defaults_are_the_contracts_figures():
    settings = Settings.of({"DASHBOARD_TABLE": "t"})

    assert (settings.max_connections, settings.client_connections) == (100, 20)
    assert (settings.stream_life_s, settings.heartbeat_s, settings.cors_origins) == (240, 8, ())
    assert not settings.trust_user_id


def test_every_setting_is_read():
    settings = Settings.of(
        {
            "DASHBOARD_TABLE": "t",
            "DASHBOARD_MAX_CONNECTIONS": "7",
            "DASHBOARD_POLL_INTERVAL_S": "0.5",
            "DASHBOARD_CORS_ORIGINS": "https://a.example, https://b.example",
            "DASHBOARD_TRUST_USER_ID": "true",
        }
    )

    assert (settings.max_connections, settings.poll_interval_s, settings.trust_user_id) == (
        7,
        0.5,
        True,
    )
    assert settings.cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MAX_CONNECTIONS", "many"),
        ("MAX_CONNECTIONS", "0"),
        ("MAX_CONNECTIONS", "1.5"),
        ("STREAM_LIFE_S", "-1"),
        ("STREAM_LIFE_S", "nan"),
        ("TRUST_USER_ID", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name, text):
    with pytest.raises(ValueError, match=f"DASHBOARD_{name}"):
        Settings.of({"DASHBOARD_TABLE": "t", f"DASHBOARD_{name}": text})


def test_without_a_table_nothing_starts():
    with pytest.raises(ValueError, match="DASHBOARD_TABLE"):
        Settings.of({})


@pytest.mark.parametrize("function", ["stream_function", "api_function", "publish_function"])
def test_each_composition_root_builds_a_handler_from_the_environment_alone(function, monkeypatch):
    monkeypatch.setenv("DASHBOARD_TABLE", "t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    assert callable(importlib.import_module(f"{function}.handler").handler)


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_client_asks_a_table_that_is_silent_as_often_as_it_is_told(monkeypatch, attempts):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name, value in {
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ReadTimeoutError):
            dynamodb(read_timeout_s=0.1, attempts=attempts).list_tables()
        silent.setblocking(False)
        asked = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                asked += 1

    assert asked == attempts


def test_between_two_heartbeats_there_is_time_for_three_calls_that_time_out():
    """A renewal, a poll, and the count of connections: 15 s are promised."""
    assert Settings("t").heartbeat_s + 3 * life.CALL_TIMEOUT_S <= 14
