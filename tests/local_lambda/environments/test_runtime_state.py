"""Tests the state machine of the Runtime API."""

import pytest

from local_lambda.environments.runtime_state import RuntimeState


def busy(concurrency=1):
    state = RuntimeState(concurrency)
    assert state.next() is None
    state.handed_over("id", "attempt")
    return state


def test_a_reply_takes_the_state_back_to_ready():
    state = busy()
    assert state.next().error_type == "InvalidStateTransition"
    assert state.response("id", "attempt", "streaming") is None
    assert state.next().status == 403
    assert state.error("id", None).status == 403
    state.replied("id")
    assert state.response("id", None, None).status == 403
    assert state.next() is None


@pytest.mark.parametrize(
    ("request_id", "attempt", "mode", "status"),
    [
        ("other", None, None, 400),
        ("id", "other", None, 410),
        ("id", None, "batch", 400),
        ("id", "attempt", None, None),
    ],
)
def test_a_wrong_reply_is_refused_and_a_right_one_still_accepted(request_id, attempt, mode, status):
    state = busy()
    refusal = state.response(request_id, attempt, mode)
    assert (refusal.status if refusal else None) == status
    if refusal:
        assert state.response("id", "attempt", "streaming") is None


def test_a_late_reply_is_gone_and_a_duplicate_is_invalid_with_concurrency():
    state = busy(concurrency=2)
    assert state.next() is None
    state.expired("id")
    assert state.response("id", None, None).status == 410
    state.handed_over("second", "attempt")
    state.response("second", None, None)
    state.replied("second")
    assert state.response("second", None, None).error_type == "InvalidRequestID"


def test_init_errors_are_taken_before_the_first_next_alone():
    state = RuntimeState()
    assert state.restore_next() is None
    assert state.init_error() is None
    assert state.init_error().status == 403
    assert state.next().status == 403
    assert busy().init_error().status == 403
