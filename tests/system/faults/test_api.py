"""Every fault of the table, at every operation of every call of the API: 503, and nothing lost."""

import pytest

from tests.support.dynamodb_wire import PASSING, WRONG

UNREADABLE = {"detail": "The table cannot be read at the moment"}
CREATE = {"name": "mine", "tickers": ["AAPL"]}
FAULTS = pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)


def calls_of(service, created):
    """Returns each call of the API, as a function that makes it."""
    session, headers = created
    own = service.configurations.create(session.user_id, "first", ["MSFT"]).config_id
    path = f"/api/v2/configurations/{own}"
    change = {**CREATE, "name": "changed"}
    return {
        "metrics": lambda: service.api("GET", "/api/v2/metrics"),
        "tickers": lambda: service.api("GET", "/api/v2/metrics", query={"ticker": "AAPL"}),
        "status": lambda: service.api("GET", "/api/v2/stream/status"),
        "goodbye": lambda: service.api(
            "POST", f"/api/v2/stream/connections/{'0001' + 'x' * 22}/close"
        ),
        "session": lambda: service.api("POST", "/api/v2/auth/anonymous"),
        "list": lambda: service.api("GET", "/api/v2/configurations", **headers),
        "read": lambda: service.api("GET", path, **headers),
        "create": lambda: service.api("POST", "/api/v2/configurations", CREATE, **headers),
        "change": lambda: service.api("PUT", path, change, **headers),
        "sign out": lambda: service.api("DELETE", "/api/v2/auth/anonymous"),
    }


@FAULTS
def test_a_call_is_done_or_503_and_the_next_one_is_as_ever(
    service, wire, publish, make_item, fault
):
    publish(make_item())
    for name, call in calls_of(service, service.sign_in()).items():
        wire.calls.clear()
        usual = call().status
        assert usual < 300, name
        for operation in dict.fromkeys(wire.calls):
            with wire.fault(fault, operation.__eq__):
                met = call()
            assert met.status in (usual, 503), (name, operation, met.json())
            if met.status == 503:
                assert met.json() == UNREADABLE
                assert int(met.headers["retry-after"]) > 0
            assert call().status == usual, (name, operation)


@FAULTS
def test_what_was_refused_can_be_done_again_and_is_counted_once(
    service, wire, client, table, fault
):
    session, headers = service.sign_in()
    service.configurations.create(session.user_id, "first", ["MSFT"])
    made = []
    for operation in ("TransactWriteItems", "GetItem"):
        for call in (CREATE, CREATE):
            with wire.fault(fault, operation.__eq__):
                met = service.api("POST", "/api/v2/configurations", call, **headers)
            made += [met.json()["config_id"]] if met.status == 201 else []
    listed = service.api("GET", "/api/v2/configurations", **headers).json()["configurations"]
    ids = [each["config_id"] for each in listed]

    assert set(made) <= set(ids)
    for config_id in ids:
        assert service.api("DELETE", f"/api/v2/configurations/{config_id}", **headers).status == 204
    count = {"PK": {"S": f"USER#{session.user_id}"}, "SK": {"S": "COUNT"}}
    counted = client.get_item(TableName=table, Key=count)["Item"]["configurations"]["N"]
    assert counted == "0"


@FAULTS
def test_health_says_that_the_table_is_out_of_reach_and_never_fails(service, wire, fault):
    with wire.fault(fault):
        assert service.api("GET", "/health").status in (200, 503)
    assert service.api("GET", "/health").status == 200


@pytest.mark.parametrize("fault", WRONG.values(), ids=WRONG)
def test_a_request_that_the_table_refuses_as_wrong_is_an_error_and_the_next_is_not(
    service, wire, fault
):
    met = []
    for name, call in calls_of(service, service.sign_in()).items():
        wire.calls.clear()
        usual = call().status
        for operation in dict.fromkeys(wire.calls):
            with wire.fault(fault, operation.__eq__):
                status = call().status
            # A cancelled transaction may be a 503: others may have been in its way.
            assert status in (usual, 500, 503), (name, operation)
            met.append(status)
            assert call().status == usual, (name, operation)

    assert {500, 503} & set(met)
