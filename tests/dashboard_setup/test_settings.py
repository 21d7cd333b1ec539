"""Tests the settings: their defaults, and clear errors for impossible values."""

import pytest
from dashboard_setup.settings import Settings

SECRET = "0123456789abcdef"


def test_the_defaults_are_the_contracts_figures():
    settings = Settings.from_environ({"DASHBOARD_TABLE": "t"})

    assert (settings.max_connections, settings.client_connections) == (100, 20)
    assert (settings.network_connections, settings.reserved_connections) == (40, 10)
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
            "DASHBOARD_RESERVED_CONNECTIONS": "0",
            "DASHBOARD_PROXY_ADDRESS_HEADER": "X-Forwarded-For",
            "DASHBOARD_PROXY_SECRET": SECRET,
        }
    )

    assert (settings.max_connections, settings.poll_interval_s, settings.trust_user_id) == (
        7,
        0.5,
        True,
    )
    assert settings.reserved_connections == 0
    assert (settings.proxy_address_header, settings.proxy_secret) == ("X-Forwarded-For", SECRET)
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
        ("RESERVED_CONNECTIONS", "-1"),
        ("RESERVED_CONNECTIONS", "few"),
        ("NETWORK_CONNECTIONS", "0"),
        ("PROXY_ADDRESS_HEADER", "X-Forwarded-For:"),
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


@pytest.mark.parametrize(
    "given", [{"ADDRESS_HEADER": "X-Forwarded-For"}, {"SECRET": SECRET}], ids=["header", "secret"]
)
def test_a_proxys_header_without_a_secret_would_be_anybodys(given):
    environ = {f"DASHBOARD_PROXY_{name}": value for name, value in given.items()}
    with pytest.raises(ValueError, match="DASHBOARD_PROXY_SECRET need each other"):
        Settings.from_environ({"DASHBOARD_TABLE": "t", **environ})


@pytest.mark.parametrize("secret", ["short", "with a space in it", "ümläute-in-a-secret"])
def test_a_secret_that_is_refused_is_not_shown(secret):
    environ = {
        "DASHBOARD_TABLE": "t",
        "DASHBOARD_PROXY_ADDRESS_HEADER": "X-Forwarded-For",
        "DASHBOARD_PROXY_SECRET": secret,
    }
    with pytest.raises(ValueError, match="DASHBOARD_PROXY_SECRET needs 16") as refused:
        Settings.from_environ(environ)
    assert secret not in str(refused.value)


def test_the_secret_is_not_shown_with_the_settings():
    assert SECRET not in repr(Settings("t", proxy_address_header="h", proxy_secret=SECRET))
