"""Tests that a few threads make the calls of many, and that nobody notices."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from dashboard_setup.handing_over import HandedOver, shared_by_threads


class Client:
    """Notes which threads make its calls."""

    def __init__(self):
        self.threads = set()
        self.at_once = 0
        self.most_at_once = 0
        self._guard = threading.Lock()

    def get_item(self, **parameters):
        with self._guard:
            self.threads.add(threading.current_thread())
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if parameters.get("fails"):
                raise ConnectionError("no table")
            return parameters
        finally:
            with self._guard:
                self.at_once -= 1


@pytest.mark.parametrize("environ", [{}, {"AWS_LAMBDA_MAX_CONCURRENCY": "1"}])
def test_one_invocation_at_a_time_makes_its_calls_itself(environ):
    client = Client()
    assert shared_by_threads(client, environ, quick=2, opening=3) == (client, client)


def test_many_streams_have_their_calls_made_by_a_few_threads():
    client = Client()
    environ = {"AWS_LAMBDA_MAX_CONCURRENCY": "64"}
    quick, opening = shared_by_threads(client, environ, quick=2, opening=3)
    with ThreadPoolExecutor(30) as streams:
        made = [
            streams.submit(each.get_item, Key=number)
            for number in range(60)
            for each in (quick, opening)
        ]
        assert [each.result(10)["Key"] for each in made] == [n for n in range(60) for _ in "ab"]
    assert len(client.threads) <= 5
    assert client.most_at_once <= 5


def test_an_error_is_raised_where_the_call_was_asked_for():
    handed_over = HandedOver(Client(), 1)
    with pytest.raises(ConnectionError, match="no table"):
        handed_over.get_item(fails=True)
    assert handed_over.get_item(Key=1) == {"Key": 1}


def test_an_operation_that_the_client_does_not_have_is_no_operation():
    with pytest.raises(AttributeError):
        HandedOver(Client(), 1).drop_everything()
