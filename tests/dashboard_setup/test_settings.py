"""Tests the settings: their defaults, and clear errors for impossible values."""

import pytest
from dashboard_setup.settings import Settings


def test_the_defaults_are_the_contracts_figures():
    settings = Settings.from_environ({"DASHBOARD_TABLE": "t"})

    assert (settings.max_connections, settings.client_connections) == (100, 20)
    assert (settings.stream_life_s, settings.heartbeat_s, settings.cors_origins) == (240, 8, ())
    assert not settings.trust_user_id


def test_every_setting_is_read():
    settings = Settings.from_environ(
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
        Settings.from_environ({"DASHBOARD_TABLE": "t", f"DASHBOARD_{name}": text})


def test_without_a_table_nothing_starts():
    with pytest.raises(ValueError, match="DASHBOARD_TABLE"):
        Settings.from_environ({})


@pytest.mark.parametrize("name", ["ISSUER", "AUDIENCE"])
def test_an_issuer_without_an_audience_would_accept_every_client_of_it(name):
    with pytest.raises(ValueError, match="DASHBOARD_AUTH_AUDIENCE"):
        Settings.from_environ(
            {"DASHBOARD_TABLE": "t", f"DASHBOARD_AUTH_{name}": "https://issuer.example"}
        )


def test_a_function_that_needs_one_setting_is_not_stopped_by_anothers_value():
    environ = {"DASHBOARD_TABLE": "items", "DASHBOARD_HEARTBEAT_S": "never"}
    assert Settings.from_environ(environ, only={"table"}) == Settings("items")
    with pytest.raises(ValueError, match="DASHBOARD_TABLE is not set"):
        Settings.from_environ({}, only={"table"})
