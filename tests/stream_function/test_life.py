"""Tests the time budgets of a stream."""

from dashboard_setup.settings import Settings
from stream_function import life
from stream_function.shared_window import MOST_BYTES
from streaming_runtime.runtime_api import SLICE_BYTES
from streaming_runtime.settings import DEFAULT_WRITE_TIMEOUT_S

from local_lambda.template.cloudformation import load
from tests.support.paths import ROOT


def test_there_is_time_for_one_call_that_times_out_between_two_bytes():
    """A keepalive may be due just after a call has begun: the promised 4 s."""
    assert life.KEEPALIVE_S + life.CALL_TIMEOUT_S <= 4


def test_between_two_heartbeats_there_is_time_for_calls_that_time_out():
    """Leaves time for a renewal, a poll and a count of connections within the promised 15 s."""
    assert Settings("t").heartbeat_s + 3 * life.CALL_TIMEOUT_S <= 14


def test_a_write_that_blocks_is_given_up_before_the_lease_can_lapse():
    """A renewal may have been just not due when the write began, and takes a poll and a call."""
    template = load((ROOT / "template.yaml").read_text("utf-8"))
    function = template["Resources"]["StreamFunction"]["Properties"]
    variables = {
        **template["Globals"]["Function"]["Environment"]["Variables"],
        **function["Environment"]["Variables"],
    }
    write_timeout_s = float(
        variables.get("STREAMING_RUNTIME_WRITE_TIMEOUT_S", DEFAULT_WRITE_TIMEOUT_S)
    )
    lease_s = float(variables.get("DASHBOARD_LEASE_S", Settings("t").lease_s))
    poll_s = float(variables.get("DASHBOARD_POLL_INTERVAL_S", Settings("t").poll_interval_s))

    between_renewals_s = lease_s * life.RENEW_EVERY + write_timeout_s + poll_s
    assert between_renewals_s + 2 * life.CALL_TIMEOUT_S < lease_s


def test_a_piece_of_items_has_one_write_timeout_and_not_two():
    longest_item_bytes = (
        31 * 1024
    )  # tags of 10,000 bytes, each character of two bytes written as six
    assert MOST_BYTES + longest_item_bytes < SLICE_BYTES


def test_a_stream_lives_four_minutes_and_ends_with_a_short_retry_and_whole_events(service, clock):
    opened_at = clock()
    stream = service.stream().drain()

    assert 240 <= clock() - opened_at < 255
    assert stream.text.endswith(b"\n\n")
    assert stream.decoder.retry_ms == 800
    last_block = stream.text.split(b"\n\n")[-2]
    assert b"retry: 800\nevent: heartbeat\n" in last_block


def test_a_stream_ends_before_its_invocation_does(service, clock):
    opened_at = clock()
    service.stream(left_s=30).drain()

    assert clock() - opened_at <= 25
