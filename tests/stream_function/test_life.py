"""Tests the time budgets of a stream."""

from dashboard_setup.settings import Settings
from stream_function import life


def test_there_is_time_for_one_call_that_times_out_between_two_bytes():
    """A keepalive may be due just after a call has begun: the promised 4 s."""
    assert life.KEEPALIVE_S + life.CALL_TIMEOUT_S <= 4


def test_between_two_heartbeats_there_is_time_for_calls_that_time_out():
    """Leaves time for a renewal, a poll and a count of connections within the promised 15 s."""
    assert Settings("t").heartbeat_s + 3 * life.CALL_TIMEOUT_S <= 14


def test_a_stream_lives_four_minutes_and_ends_with_a_short_retry_and_whole_events(service, clock):
    opened_at = clock()
    stream = service.stream().drain()

    assert 240 <= clock() - opened_at < 255
    assert stream.text.endswith(b"\n\n")
    assert stream.decoder.retry_ms == 800
    last_block = stream.text.split(b"\n\n")[-2]
    assert b"retry: 800\nevent: heartbeat\nid: " in last_block


def test_a_stream_ends_before_its_invocation_does(service, clock):
    opened_at = clock()
    service.stream(left_s=30).drain()

    assert clock() - opened_at <= 25
