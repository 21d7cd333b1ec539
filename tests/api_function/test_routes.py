"""The rest of the API, through both fronts, without sockets."""

import json

import pytest
from dashboard_data import utc_text

from tests.support.fakes import failing_while
from tests.support.functions import EVENT_FIELDS, ORIGIN, Base64

CONFIGURATIONS = "/api/v2/configurations"
NO_UTF8, NO_BASE64 = Base64("//79"), Base64("?")


@pytest.fixture(params=["1.0", "2.0"])
def api(service, request):
    """`api(method, path, body, **headers)` through each front."""
    service.front = request.param
    return service.api


def test_health_says_whether_the_table_answers(api, service):
    assert api("GET", "/health").json()["status"] == "healthy"
    service.table._meddle = failing_while(lambda name: True)
    broken = api("GET", "/health")

    assert (broken.status, broken.json()["status"]) == (503, "unhealthy")


def test_metrics_are_what_a_metrics_event_carries_and_the_last_twenty_items(
    api, service, publish, make_item
):
    items = [make_item() for _ in range(25)]
    publish(*items)
    answer = api("GET", "/api/v2/metrics").json()

    assert set(answer) == EVENT_FIELDS["metrics"] | {"recent_items", "items_by_minute"}
    assert answer["total"] == 25
    assert (len(answer["items_by_minute"]), answer["items_by_minute"][-1]) == (60, 25)
    assert [each["item_id"] for each in answer["recent_items"]] == [
        item.item_id for item in reversed(items)
    ][:20]
    assert all(set(each) == EVENT_FIELDS["new_item"] for each in answer["recent_items"])


def test_the_items_of_each_minute_are_told_across_the_turn_of_the_hour(
    api, publish, make_item, clock
):
    clock.advance(25 * 60 + 30)  # 12:25:30
    publish(
        *[
            make_item(timestamp=utc_text(clock() - minutes * 60))
            for minutes in (0, 1, 1, 30, 59, 60, 90)
        ]
    )
    told = api("GET", "/api/v2/metrics").json()

    assert {59 - at: count for at, count in enumerate(told["items_by_minute"]) if count} == {
        0: 1,
        1: 2,
        30: 1,
        59: 1,
    }
    assert told["rate_last_hour"] == 5


def test_the_status_adds_up(api, clock):
    clock.advance(5)
    status = api("GET", "/api/v2/stream/status").json()

    assert status == {
        "connections": 0,
        "max_connections": 100,
        "available": 100,
        "uptime_seconds": 5,
    }


def test_an_anonymous_session_opens_the_protected_routes_until_it_expires(api, clock):
    created = api("POST", "/api/v2/auth/anonymous")
    session = created.json()
    headers = {"authorization": f"bearer {session['token']}"}

    assert created.status == 201
    assert set(session) == {"token", "user_id", "expires_at"}
    assert session["expires_at"] == utc_text(clock() + 86_400)
    assert created.headers["cache-control"] == "no-store"
    assert api("GET", CONFIGURATIONS, **headers).status == 200
    clock.advance(86_400)
    assert api("GET", CONFIGURATIONS, **headers).status == 401


def test_a_session_can_be_ended(api):
    headers = {"authorization": f"Bearer {api('POST', '/api/v2/auth/anonymous').json()['token']}"}

    assert api("DELETE", "/api/v2/auth/anonymous", **headers).status == 204
    assert api("GET", CONFIGURATIONS, **headers).status == 401
    assert api("DELETE", "/api/v2/auth/anonymous").status == 204


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
    assert service.configurations.list(session.user_id) == []


def test_there_is_a_limit_to_the_configurations_of_one_user(api, service):
    _, headers = service.sign_in()
    answers = [
        api("POST", CONFIGURATIONS, {"name": "x", "tickers": ["A"]}, **headers).status
        for _ in range(21)
    ]

    assert answers == [201] * 20 + [409]


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


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v2/nothing", "/static/../handler.py", "/static/x.py", "/static/"]
)
def test_what_is_not_there_is_a_404_in_the_contracts_words(api, path):
    answer = api("GET", path)

    assert answer.status == 404
    assert answer.json() == {"detail": "Not found"}


# --- cross-origin

PREFLIGHT = {
    "access_control_request_method": "GET",
    "access_control_request_headers": "authorization,last-event-id",
}


def test_a_preflight_is_answered_without_touching_data(api, service):
    calls = len(service.table.calls)
    answer = api("OPTIONS", CONFIGURATIONS, origin=ORIGIN, **PREFLIGHT)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert {"Authorization", "Content-Type", "Last-Event-ID", "X-Connection-Key"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )
    assert {"GET", "PUT", "DELETE"} <= set(
        answer.headers["access-control-allow-methods"].split(", ")
    )
    assert answer.headers["vary"] == "Origin"
    assert len(service.table.calls) == calls


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "*", "https://dashboard.example.evil.example"]
)
def test_other_origins_are_not_let_in(api, origin):
    for answer in (
        api("OPTIONS", CONFIGURATIONS, origin=origin, **PREFLIGHT),
        api("GET", "/api/v2/metrics", origin=origin),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["vary"] == "Origin"


def test_errors_and_refused_streams_carry_the_headers_too(make_service):
    service = make_service(client_connections=1)
    service.stream()
    answers = [
        service.stream(origin=ORIGIN),
        service.stream("/api/v2/configurations/x/stream", origin=ORIGIN),
        service.api("GET", "/nothing", origin=ORIGIN),
    ]

    assert [answer.status for answer in answers] == [429, 401, 404]
    assert all(answer.headers["access-control-allow-origin"] == ORIGIN for answer in answers)
    assert all(
        "Retry-After" in answer.headers["access-control-expose-headers"] for answer in answers
    )


def test_without_configured_origins_nothing_of_it_is_sent(client, table, clock):
    from dashboard_http.cors import Cors

    cors = Cors([])

    assert cors.headers({"origin": ORIGIN}) == {}


@pytest.mark.parametrize("origin", ["*", "null", "https://example.com/"])
def test_an_origin_that_browsers_never_send_is_refused_at_start(origin):
    from dashboard_http.cors import Cors

    with pytest.raises(ValueError, match="origin"):
        Cors([origin])


def test_no_header_comes_twice(api):
    answer = api("GET", "/api/v2/metrics", origin=ORIGIN)
    names = [*answer.result.get("headers", {}), *answer.result.get("multiValueHeaders", {})]

    assert len({name.lower() for name in names}) == len(names)
    assert json.dumps(answer.result.get("multiValueHeaders", {})).count(ORIGIN) <= 1
