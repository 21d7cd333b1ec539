"""Serves the events: who gets them, how they come, how they end; and the page in a browser."""

import re
import time

import pytest
import requests
from event_stream import Decoder

from tests.examples.serving import FRONTS, FUNCTION_URL, arrivals, served
from tests.examples.tabs import empty_page, tab_with

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
USER = "demo"
PASSWORD = "open sesame please"
KEY = "a key of thirty-two characters, or more"
ELSEWHERE = "http://elsewhere.test:3000"
PARAMETERS = {"DemoPassword": PASSWORD, "SessionKey": KEY, "AllowedOrigins": ELSEWHERE}
LOGIN = {"user": USER, "password": PASSWORD}

every_front = pytest.mark.parametrize("front", FRONTS)


@pytest.fixture(scope="module")
def another_page():
    with empty_page() as origin:
        yield origin


@pytest.fixture(scope="module")
def example(another_page):
    allowed = f"{ELSEWHERE},{another_page}"
    with served("sse-auth", parameters={**PARAMETERS, "AllowedOrigins": allowed}) as running:
        yield running


@pytest.fixture(scope="module")
def faulty():
    with served("sse-auth", parameters=PARAMETERS, timeout_s=3, faults="sse_auth.py") as running:
        yield running


def cookie_at(example, front):
    response = requests.post(example.url(front, "login"), json=LOGIN, timeout=10)
    assert response.status_code == 204
    return response.headers["Set-Cookie"].partition(";")[0]


def events_in(body):
    return Decoder().feed(body)


def read_events(url, count, headers):
    """Returns the first events of a stream, and when they came."""
    decoder = Decoder()
    events, at_s = [], []
    with requests.get(url, headers=headers, stream=True, timeout=20) as response:
        assert response.status_code == 200, response.text
        for piece in response.iter_content(chunk_size=None):
            found = list(decoder.feed(piece))
            events += found
            at_s += [time.monotonic()] * len(found)
            if len(events) >= count:
                return events, at_s
    raise AssertionError(f"only {events} came")


@every_front
def test_events_come_one_by_one_with_a_cookie(example, front):
    events, at_s = read_events(
        example.url(front, "events"), 3, {"Cookie": cookie_at(example, front)}
    )

    ids = [int(event.id) for event in events]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    assert at_s[2] - at_s[0] > 1  # a second apart


@every_front
def test_a_token_of_another_page_resumes_where_it_was(example, front):
    response = requests.post(
        example.url(front, "token"), json=LOGIN, headers={"Origin": ELSEWHERE}, timeout=10
    )
    now = int(time.time())
    headers = {
        "Authorization": f"Bearer {response.json()['token']}",
        "Last-Event-ID": str(now - 5),
        "Origin": ELSEWHERE,
    }
    events, at_s = read_events(example.url(front, "events"), 4, headers)

    assert [int(event.id) for event in events[:4]] == [now - 4, now - 3, now - 2, now - 1]
    assert at_s[3] - at_s[0] < 2.5  # they were missed, and come at once, not every second
    assert response.headers["Access-Control-Allow-Origin"] == ELSEWHERE
    assert response.headers["Access-Control-Allow-Credentials"] == "true"


@every_front
def test_a_preflight_is_answered_by_the_function(example, front):
    response = requests.options(
        example.url(front, "events"),
        headers={
            "Origin": ELSEWHERE,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, last-event-id",
        },
        timeout=10,
    )

    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == ELSEWHERE
    assert "authorization" in response.headers["Access-Control-Allow-Headers"]


@every_front
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Cookie": "session=a.b.c"}, 401),
        ({"Authorization": "Bearer a.b.c"}, 401),
        ({"Origin": "http://evil.test"}, 403),
    ],
)
def test_others_are_refused_before_the_first_byte(example, front, headers, status):
    arrived = arrivals(example.url(front, "events"), headers=headers)

    assert arrived.status == status
    assert arrived.response.headers["Content-Type"] == "application/json"
    assert b'{"error": ' in arrived.body


def test_no_secret_stands_in_the_log(example):
    requests.post(example.url(FRONTS[0], "login"), json={**LOGIN, "password": "guess-1"}, timeout=9)
    cookie = cookie_at(example, FRONTS[0])

    for secret in (PASSWORD, KEY, "guess-1", cookie.partition("=")[2]):
        assert secret not in example.log


@every_front
def test_a_source_that_fails_at_once_is_502(faulty, front):
    headers = {"Cookie": cookie_at(faulty, front), "Last-Event-ID": "1"}

    assert arrivals(faulty.url(front, "events"), headers=headers).status == 502


@every_front
def test_a_source_that_fails_midway_says_so_in_an_event(faulty, front):
    headers = {"Cookie": cookie_at(faulty, front), "Last-Event-ID": "2"}
    seen = len(faulty.log)

    events = events_in(arrivals(faulty.url(front, "events"), headers=headers).body)
    assert [event.type for event in events] == ["price", "error"]
    assert "failed midway" not in events[1].data
    faulty.wait_for_log("the source failed midway", after=seen)


@every_front
def test_the_deadline_ends_a_stream_with_a_whole_event(faulty, front):
    headers = {"Cookie": cookie_at(faulty, front), "Last-Event-ID": "3"}

    arrived = arrivals(faulty.url(front, "events"), headers=headers)
    assert arrived.is_whole
    assert arrived.body.endswith(b"\n\n")
    assert arrived.came_apart(times=5, apart_s=0.1)
    assert len(events_in(arrived.body)) > 5
    assert not re.search(rb"event: error", arrived.body)


def test_a_stream_of_many_events_needs_no_more_memory(faulty):
    headers = {"Cookie": cookie_at(faulty, FUNCTION_URL), "Last-Event-ID": "4"}
    url = faulty.url(FUNCTION_URL, "events")
    arrivals(url, headers={**headers, "Last-Event-ID": "2"})
    before = faulty.peak_bytes()

    assert len(events_in(arrivals(url, headers=headers).body)) == 2_000
    assert faulty.peak_bytes() - before < 2 * MIB


# --- in a browser

LISTEN = """
fetch(`${arguments[0]}login`, {
  method: "POST",
  credentials: "include",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(arguments[1]),
}).then((response) => {
  if (!response.ok) return done(`login: ${response.status}`);
  const source = new EventSource(`${arguments[0]}events`, { withCredentials: true });
  source.addEventListener("price", (event) => {
    source.close();
    done(JSON.parse(event.data).for);
  });
  source.onerror = () => done("refused");
}, (error) => done(`login: ${error.name}`));"""


@pytest.fixture
def page(driver, example):
    with tab_with(driver, example.url(FUNCTION_URL)) as tab:
        yield tab


def test_the_page_logs_in_with_a_cookie_that_lasts_until_it_logs_out(page):
    page.wait_for_text("#state", "Not logged in")
    page.fill(**LOGIN)
    page.click("[value=cookie]")
    page.wait_for_text("#state", "with the cookie")
    page.wait_for(lambda: page.count("#events li") >= 2)
    assert page.violations() == []
    assert page.run("done(document.cookie)") == ""  # no script can read it

    page.reload()
    page.wait_for_text("#state", "with the cookie")
    page.click("#logout")
    page.wait_for_text("#state", "Not logged in")
    page.reload()
    page.wait_for_text("#state", "Not logged in")
    assert page.complaints() == []


def test_the_page_reads_with_a_token_too(page):
    page.wait_for_text("#state", "Not logged in")
    page.fill(user=USER, password="guessed")
    page.click("[value=bearer]")
    page.wait_for_text("#state", "Wrong user or password")
    page.fill(**LOGIN)
    page.click("[value=bearer]")
    page.wait_for_text("#state", "with the token")
    page.wait_for(lambda: page.count("#events li") >= 2)
    assert page.complaints() == []


def test_a_page_of_an_allowed_origin_gets_the_events(driver, example, another_page):
    with tab_with(driver, another_page) as tab:
        assert tab.run(LISTEN, example.url(FUNCTION_URL), LOGIN) == USER


def test_a_page_of_another_origin_does_not(driver, example):
    with empty_page() as hostile, tab_with(driver, hostile) as tab:
        assert tab.run(LISTEN, example.url(FUNCTION_URL), LOGIN) == "login: TypeError"
