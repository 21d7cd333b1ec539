"""Tests the routes that anyone may ask, through both fronts, without sockets."""

from dashboard_data import utc_text

from tests.support.fakes import failing_while
from tests.support.functions import CONFIGURATIONS, USUAL_EVENT_FIELDS


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
    response = api("GET", "/api/v2/metrics").json()

    assert set(response) == USUAL_EVENT_FIELDS["metrics"] | {"recent_items", "items_by_minute"}
    assert response["total"] == 25
    assert (len(response["items_by_minute"]), response["items_by_minute"][-1]) == (60, 25)
    assert [each["item_id"] for each in response["recent_items"]] == [
        item.item_id for item in reversed(items)
    ][:20]
    assert all(set(each) == USUAL_EVENT_FIELDS["new_item"] for each in response["recent_items"])


def test_metrics_name_fifty_tags_whatever_producers_write(api, publish, make_item):
    publish(*[make_item(tags=(f"t{number}", "often", '"' * 90)) for number in range(60)])
    told = api("GET", "/api/v2/metrics").json()["by_tag"]

    assert len(told) == 51
    assert (told["often"], told["(other)"], sum(told.values())) == (60, 12, 180)


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
