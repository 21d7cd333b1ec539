"""Tests what a worker notes for its parent, and what the settings of workers may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.runtime_api import Invocation
from streaming_runtime.settings import CONCURRENCY_MODES, Settings
from streaming_runtime.workers import READY, SEAT_BYTES, SERVED, STARTING, FirstOnly, Seat

ADDRESS = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}


def invocation(request_id, invocation_id):
    fields = dict.fromkeys(Invocation._fields)
    return Invocation(**{**fields, "aws_request_id": request_id, "invocation_id": invocation_id})


def new_seat():
    return Seat(memoryview(bytearray(SEAT_BYTES)), FirstOnly())


@pytest.fixture(scope="module")
def seat():
    return new_seat()


ids = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1)


@given(request_id=ids, invocation_id=st.none() | ids)
def test_what_runs_is_known_until_the_worker_waits_again(seat, request_id, invocation_id):
    seat.clear()
    seat.takes(invocation(request_id, invocation_id))
    running = seat.running()
    if len(f"{request_id}\n{invocation_id or ''}".encode()) <= 255:
        assert running == invocation(request_id, invocation_id)
    else:
        assert running is None
    seat.waits()
    assert seat.running() is None


def test_a_worker_has_served_once_an_invocation_is_over():
    seat = new_seat()
    states = [seat.state]
    seat.waits()
    states.append(seat.state)
    seat.takes(invocation("a", None))
    states.append(seat.state)
    seat.waits()
    states.append(seat.state)

    assert states == [STARTING, READY, READY, SERVED]


def test_only_the_first_of_many_failures_is_the_first():
    first = FirstOnly()

    assert [first.take() for _ in range(3)] == [True, False, False]


def read(name, text):
    """Returns the settings, or the text of the error."""
    try:
        return Settings.from_environ({**ADDRESS, name: text})
    except ValueError as error:
        return str(error)


@given(st.text())
def test_any_number_of_invocations_at_once_is_one_or_more_or_an_error_that_names_it(text):
    settings = read("AWS_LAMBDA_MAX_CONCURRENCY", text)

    if isinstance(settings, str):
        assert "AWS_LAMBDA_MAX_CONCURRENCY cannot be" in settings
    else:
        assert settings.concurrency == int(text.strip() or 1) >= 1


@given(st.text() | st.sampled_from(CONCURRENCY_MODES))
def test_any_mode_is_known_or_an_error_that_names_it(text):
    settings = read("STREAMING_RUNTIME_CONCURRENCY", text)

    if isinstance(settings, str):
        assert "STREAMING_RUNTIME_CONCURRENCY cannot be" in settings
    else:
        assert settings.concurrency_mode == (text.strip() or "processes")
        assert not settings.forks  # without AWS_LAMBDA_MAX_CONCURRENCY it means nothing
