"""Follows with sseclient-py, which reads a response that user code opened, with requests here."""

import time

import requests
from report import LONGEST_PAUSE_S, PATIENCE_S, URL, pause_after, report_event, report_state
from sseclient import SSEClient


def follow() -> None:
    last_event_id = ""
    pause_s = LONGEST_PAUSE_S
    while True:
        headers = {"Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        try:
            # The timeout is that of a silence: a byte comes at least every 4 s.
            with requests.get(URL, headers=headers, stream=True, timeout=PATIENCE_S) as response:
                response.raise_for_status()
                for event in SSEClient(response).events():
                    report_event(event.event, event.id, event.data)
                    last_event_id = event.id
                    if event.retry is not None:
                        pause_s = int(event.retry) / 1000
        except requests.HTTPError as error:
            report_state(error)
            pause_s = pause_after(error.response.headers)
        except requests.RequestException as error:
            report_state(error)
        time.sleep(pause_s)


follow()
