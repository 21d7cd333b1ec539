"""Calls the handler as Lambda does, through each front that can stream. Nothing is served."""

import app
import pytest
from lambda_streaming.testing import call, function_url, opened, rest_api

pytestmark = pytest.mark.parametrize("front", [function_url, rest_api])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(app, "STEP_S", 0.01)


def test_each_row_is_a_piece(front):
    reply = call(app.handler, front(path="/rows.csv", query={"count": 3}))

    assert (reply.status, reply.headers["content-type"]) == (200, "text/csv")
    assert reply.pieces == [b"number,city\n", b"0,Bergen\n", b"1,Cork\n", b"2,Girona\n"]
    assert reply.ended_well


def test_the_head_of_the_page_comes_before_anything_is_measured(front, monkeypatch):
    measured = []

    def measurements(count):
        for number in range(count):
            measured.append(number)
            yield number, "Ulm"

    monkeypatch.setattr(app, "measurements", measurements)
    with opened(app.handler, front(path="/")) as stream:
        assert b"<h1>" in next(stream)
        assert measured in ([], [0])
        assert stream.read().endswith(b"</html>")


def test_events_go_on_where_a_browser_lost_them(front):
    query = {"count": 3}
    reply = call(app.handler, front(path="/events", query=query, headers={"Last-Event-ID": "1"}))

    assert [(event.type, event.id) for event in reply.events] == [("measured", "2"), ("end", "2")]
    assert reply.events[0].json() == {"number": 2, "city": "Girona"}


@pytest.mark.parametrize("path", ["/rows.csv", "/events"])
@pytest.mark.parametrize("count", ["many", "-1", "10000"])
def test_a_wrong_number_is_400_and_no_stream(front, path, count):
    reply = call(app.handler, front(path=path, query={"count": count}))

    assert reply.status == 400
    assert "count must be a number" in reply.text
