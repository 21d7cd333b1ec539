"""Tests the routes of configurations, through both fronts."""

import pytest

from tests.support.functions import CONFIGURATIONS, Base64

NO_UTF8, NO_BASE64 = Base64("//79"), Base64("?")


def test_configurations_are_created_read_listed_changed_and_deleted(api, service):
    _, headers = service.sign_in()
    created = api(
        "POST",
        CONFIGURATIONS,
        {"name": " mine ", "tickers": ["AAPL", {"symbol": "msft"}]},
        **headers,
    )
    body = created.json()
    one = f"{CONFIGURATIONS}/{body['config_id']}"

    assert created.status == 201
    assert (body["name"], body["tickers"]) == ("mine", ["AAPL", "MSFT"])
    assert {"config_id", "name", "tickers", "created_at"} <= set(body)
    assert api("GET", one, **headers).json() == body
    assert api("GET", CONFIGURATIONS, **headers).json() == {"configurations": [body]}
    changed = api("PUT", one, {"name": "other", "tickers": ["TSLA"]}, **headers)
    assert (changed.status, changed.json()["name"], changed.json()["tickers"]) == (
        200,
        "other",
        ["TSLA"],
    )
    assert changed.json()["created_at"] == body["created_at"]
    assert api("DELETE", one, **headers).status == 204
    for method, sent in [("GET", None), ("PUT", {"name": "x", "tickers": ["A"]}), ("DELETE", None)]:
        gone = api(method, one, sent, **headers)
        assert (gone.status, gone.json()) == (404, {"detail": "Configuration not found"})


def test_nobody_sees_changes_or_deletes_what_is_anothers(api, service):
    owner, owners = service.sign_in()
    _, others = service.sign_in()
    created = service.configurations.create(owner.user_id, "mine", ["AAPL"])
    one = f"{CONFIGURATIONS}/{created.config_id}"

    assert api("GET", one, **others).status == 404
    assert api("PUT", one, {"name": "stolen", "tickers": ["X"]}, **others).status == 404
    assert api("DELETE", one, **others).status == 404
    assert api("GET", CONFIGURATIONS, **others).json() == {"configurations": []}
    assert api("GET", one, **owners).json()["name"] == "mine"


@pytest.mark.parametrize(
    ("sent", "status", "names"),
    [
        (None, 400, "body"),
        ("{", 400, "body"),
        ("[" * 5_000, 400, "body"),
        ("[]", 422, "body"),
        ({}, 422, "name"),
        ({"name": "", "tickers": ["A"]}, 422, "name"),
        ({"name": "x" * 101, "tickers": ["A"]}, 422, "name"),
        ({"name": 5, "tickers": ["A"]}, 422, "name"),
        ({"name": "x"}, 422, "tickers"),
        ({"name": "x", "tickers": []}, 422, "tickers"),
        ({"name": "x", "tickers": list("ABCDEF")}, 422, "tickers"),
        ({"name": "x", "tickers": ["TOOLONG"]}, 422, "tickers"),
        ({"name": "x", "tickers": ["A1"]}, 422, "tickers"),
        ({"name": "x", "tickers": [{"symbol": ""}]}, 422, "tickers"),
        ({"name": "x", "tickers": "AAPL"}, 422, "tickers"),
        ("x" * 20_000, 413, "body"),
        (NO_UTF8, 400, "body"),
        (NO_BASE64, 400, "body"),
    ],
)
def test_bad_input_is_a_4xx_that_names_the_field_and_changes_nothing(
    api, service, sent, status, names
):
    session, headers = service.sign_in()
    refused = api("POST", CONFIGURATIONS, sent, **headers)

    assert refused.status == status
    assert refused.json()["detail"].startswith(names)
    assert service.configurations.list_all(session.user_id) == []


def test_there_is_a_limit_to_the_configurations_of_one_user(api, service):
    _, headers = service.sign_in()
    responses = [
        api("POST", CONFIGURATIONS, {"name": "x", "tickers": ["A"]}, **headers).status
        for _ in range(21)
    ]

    assert responses == [201] * 20 + [409]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", ""), ("GET", "/x"), ("PUT", "/x"), ("DELETE", "/x")],
)
def test_every_protected_route_is_protected_before_it_looks_at_anything(api, service, method, path):
    calls = len(service.table.calls)
    refused = api(method, CONFIGURATIONS + path, "nonsense")

    assert (refused.status, refused.json()) == (401, {"detail": "Missing user identification"})
    assert refused.headers["www-authenticate"] == "Bearer"
    assert len(service.table.calls) == calls
