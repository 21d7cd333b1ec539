"""Calls the handler as Lambda does, through each front that can stream. Nothing is served."""

import app
import pytest
from lambda_streaming.testing import call, function_url, opened, rest_api

pytestmark = pytest.mark.parametrize("front", [function_url, rest_api])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(app, "STEP_S", 0.01)


def test_the_story_comes_a_word_at_a_time(front):
    reply = call(app.handler, front(path="/story"))

    assert (reply.status, reply.text.strip()) == (200, app.STORY)
    assert len(reply.pieces) == len(app.STORY.split())
    assert reply.ended_well


def test_the_next_word_is_made_when_the_one_before_was_taken(front, monkeypatch):
    made = []

    async def words():
        for word in ["one", "two", "three"]:
            made.append(word)
            yield word

    monkeypatch.setattr(app, "words", words)
    with opened(app.handler, front(path="/story")) as stream:
        assert next(stream) == b"one"
        assert made == ["one"]


def test_a_job_tells_its_progress_and_its_end(front):
    reply = call(app.handler, front(path="/jobs/tiny"))

    *progress, end = reply.events
    assert [event.json() for event in progress] == [{"done": n, "total": 3} for n in (1, 2, 3)]
    assert [(event.type, event.id) for event in progress] == [("progress", n) for n in "123"]
    assert (end.type, reply.retry_ms) == ("end", 1000)


def test_a_browser_that_comes_again_gets_the_rest(front):
    reply = call(app.handler, front(path="/jobs/tiny", headers={"Last-Event-ID": "2"}))

    assert [event.id for event in reply.events if event.type == "progress"] == ["3"]


def test_an_unknown_job_is_404_and_no_stream(front):
    reply = call(app.handler, front(path="/jobs/none"))

    assert (reply.status, reply.json()) == (404, {"detail": "there is no job none"})


def test_the_clock_ticks(front):
    reply = call(app.handler, front(path="/clock", query={"ticks": 3}))

    assert reply.headers["content-type"].startswith("text/event-stream")
    assert [event.data for event in reply.events] == ["0", "1", "2", "done"]


def test_the_page_is_there(front):
    reply = call(app.handler, front(path="/"))

    assert reply.headers["content-type"].startswith("text/html")
    assert "<title>Three ways to stream</title>" in reply.text


def test_the_documentation_knows_where_it_stands(front):
    reply = call(app.handler, front(path="/docs"))

    stage = "/prod" if front is rest_api else ""
    assert f"'{stage}/openapi.json'" in reply.text
