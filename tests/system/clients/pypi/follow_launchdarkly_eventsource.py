"""Follows with launchdarkly-eventsource, which reconnects after everything, if it is told to."""

import time

from ld_eventsource import SSEClient
from ld_eventsource.actions import Event, Fault
from ld_eventsource.config import ConnectStrategy, ErrorStrategy, RetryDelayStrategy
from report import LONGEST_PAUSE_S, URL, report_event, report_state

client = SSEClient(
    ConnectStrategy.http(URL),
    error_strategy=ErrorStrategy.always_continue(),
    # Its pauses double, up to 30 s, until a connection has lasted for a minute.
    retry_delay_strategy=RetryDelayStrategy.default(max_delay=LONGEST_PAUSE_S),
)
for action in client.all:
    if isinstance(action, Event):
        report_event(action.event, action.last_event_id, action.data)
    elif isinstance(action, Fault):
        report_state(action.error)
        # Once a connection has failed, it makes no pause of its own after a stream's end.
        time.sleep(LONGEST_PAUSE_S)
