"""Tests that a few threads make the calls of many, and that nobody notices."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ReadTimeoutError
from dashboard_setup.handing_over import HandedOver, are_streams_threads


class Client:
    """Notes which threads make its calls."""

    def __init__(self):
        self.threads = set()
        self.most_at_once = 0
        self.made = []
        self.go_on = threading.Event()
        self._at_once = 0
        self._guard = threading.Lock()

    def get_item(self, **parameters):
        with self._guard:
            self.threads.add(threading.current_thread())
            self.made.append(parameters)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if "raises" in parameters:
                raise parameters["raises"]
            if "waits" in parameters:
                assert self.go_on.wait(10)
            return parameters
        finally:
            with self._guard:
                self._at_once -= 1


@pytest.mark.parametrize(
    ("mode", "concurrency", "expected"),
    [
        ("threads", "64", True),
        ("threads", "1", False),
        ("threads", None, False),
        ("processes", "64", False),
        ("shared", "64", False),
        (None, "64", False),
    ],
)
def test_only_where_streams_are_threads_calls_are_handed_over(mode, concurrency, expected):
    environ = {"STREAMING_RUNTIME_CONCURRENCY": mode, "AWS_LAMBDA_MAX_CONCURRENCY": concurrency}
    given = {name: value for name, value in environ.items() if value is not None}
    assert are_streams_threads(given) is expected


def test_many_streams_have_their_calls_made_by_a_few_threads():
    client = Client()
    handed_over = HandedOver(client, 3, patience_s=10)
    with ThreadPoolExecutor(30) as streams:
        made = [streams.submit(handed_over.get_item, Key=number) for number in range(60)]
        assert [each.result(10)["Key"] for each in made] == list(range(60))
    assert len(client.threads) <= 3
    assert client.most_at_once <= 3


@pytest.mark.parametrize("error", [ConnectionError("no table"), TimeoutError("no table")])
def test_an_error_is_raised_where_the_call_was_asked_for(error):
    handed_over = HandedOver(Client(), 1, patience_s=10)
    with pytest.raises(type(error), match="no table"):
        handed_over.get_item(raises=error)
    assert handed_over.get_item(Key=1) == {"Key": 1}


def test_who_waits_too_long_for_a_thread_gets_an_error_and_the_call_is_never_made():
    client = Client()
    handed_over = HandedOver(client, 1, patience_s=0.1)
    with pytest.raises(ReadTimeoutError):
        handed_over.get_item(waits=True)  # it has begun, and nobody knows how it ends
    with pytest.raises(ReadTimeoutError):
        handed_over.get_item(Key=2)
    client.go_on.set()
    patient = HandedOver(client, 1, patience_s=10)
    assert patient.get_item(Key=3) == {"Key": 3}
    assert {"Key": 2} not in client.made


def test_an_operation_that_the_client_does_not_have_is_no_operation():
    with pytest.raises(AttributeError):
        HandedOver(Client(), 1, patience_s=1).drop_everything()
