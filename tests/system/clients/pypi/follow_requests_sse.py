"""Follows with requests-sse, which reconnects by itself, but gives up after any status but 200."""

import time

import requests
from report import LONGEST_PAUSE_S, PATIENCE_S, URL, pause_after, report_event, report_state
from requests_sse import EventSource, InvalidStatusCodeError


def follow() -> None:
    last_event_id = None
    while True:
        pause_s = LONGEST_PAUSE_S
        try:
            with EventSource(URL, timeout=PATIENCE_S, latest_event_id=last_event_id) as source:
                for event in source:
                    report_event(event.type, event.last_event_id, event.data)
                    last_event_id = event.last_event_id
        except InvalidStatusCodeError as error:
            report_state(error)
            pause_s = pause_after(error.response.headers)
        except requests.RequestException as error:
            report_state(error)
        time.sleep(pause_s)


follow()
