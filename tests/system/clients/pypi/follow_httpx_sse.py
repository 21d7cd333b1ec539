"""Follows with httpx-sse, which reads one connection; the loop around it is user code.

httpx gives up after 5 s without a byte, if it is not told to be more patient. On an open stream
that is long enough, but a first response may take longer.
"""

import time

import httpx
from httpx_sse import connect_sse
from report import LONGEST_PAUSE_S, PATIENCE_S, URL, pause_after, report_event, report_state


def follow() -> None:
    last_event_id = ""
    pause_s = LONGEST_PAUSE_S
    with httpx.Client(timeout=PATIENCE_S) as client:
        while True:
            headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
            try:
                with connect_sse(client, "GET", URL, headers=headers) as source:
                    source.response.raise_for_status()
                    for event in source.iter_sse():
                        report_event(event.event, event.id, event.data)
                        last_event_id = event.id
                        if event.retry is not None:
                            pause_s = event.retry / 1000
            except httpx.HTTPStatusError as error:
                report_state(error)
                pause_s = pause_after(error.response.headers)
            except httpx.TransportError as error:
                report_state(error)
            time.sleep(pause_s)


follow()
