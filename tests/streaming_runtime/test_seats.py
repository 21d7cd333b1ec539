"""Tests what a worker notes for its parent, and what the settings of workers may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_runtime.invocation import Process
from streaming_runtime.log import Log
from streaming_runtime.loop import Sigterm, pause_s
from streaming_runtime.runtime_api import Invocation
from streaming_runtime.settings import CONCURRENCY_MODES, Settings
from streaming_runtime.workers import (
    FAILED_TOO,
    GAVE_UP,
    READY,
    REPORTED,
    SEAT_BYTES,
    SERVED,
    STARTING,
    FirstOnly,
    Parent,
    Seat,
)

from tests.support.fakes import FakeClock

ADDRESS = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}


def invocation(request_id, invocation_id):
    fields = dict.fromkeys(Invocation._fields)
    return Invocation(**{**fields, "aws_request_id": request_id, "invocation_id": invocation_id})


def new_seat():
    board = memoryview(bytearray(SEAT_BYTES + 1))
    return Seat(board[:-1], board[-1:], FirstOnly())


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
        assert running.aws_request_id == request_id
        assert running.invocation_id == (invocation_id or None)
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


@pytest.fixture
def parent():
    """Returns a parent of four workers that has forked none yet."""
    environ = {**ADDRESS, "AWS_LAMBDA_MAX_CONCURRENCY": "4"}
    clock = FakeClock()
    process = Process(
        Settings.from_environ(environ),
        Log(lambda: 0.0),
        clock=clock,
        monotonic=clock,
        stop=[],
        environ={},
    )
    made = Parent(process, sigterm=Sigterm(process.stop), drain_s=0.1, pause_s=pause_s)
    made.clock = clock
    made.due_at_s.clear()
    return made


def died(parent, number, state, status=9):
    """Tells the parent that the worker of a seat died. Returns the environment's exit status."""
    parent.seats[number].state = state
    return parent.judged(number, status)


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        (STARTING, 9, 137),
        (STARTING, 7 << 8, 7),
        (STARTING, 0, 1),
        (REPORTED, 64 << 8, 64),
        (FAILED_TOO, 1 << 8, None),
        (GAVE_UP, 1 << 8, 1),
        (READY, 9, None),
        (SERVED, 9, None),
    ],
)
def test_a_death_ends_the_environment_or_one_worker(parent, state, status, expected):
    assert died(parent, 0, state, status) == expected


def test_pauses_double_up_to_a_limit_and_begin_anew_after_a_worker_that_served(parent):
    pauses = []
    for _ in range(8):
        died(parent, 0, READY)
        pauses.append(parent.next_due_in_s())
        parent.clock.now += pauses[-1]
    died(parent, 0, SERVED)

    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5])
    assert parent.next_due_in_s() == 0


def test_the_init_stays_over_when_the_worker_that_ended_it_is_gone(parent):
    assert not parent.has_started()
    parent.seats[0].waits()
    parent.seats[0].clear()  # it has died, and its successor has not come as far

    assert parent.has_started()
