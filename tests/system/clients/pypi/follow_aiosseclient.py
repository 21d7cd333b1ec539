"""Follows with aiosseclient, which reads one connection; the loop around it is user code."""

import asyncio

import aiohttp
from aiosseclient import aiosseclient
from report import LONGEST_PAUSE_S, URL, pause_after, report_event, report_state


async def follow() -> None:
    last_event_id = None
    while True:
        pause_s = LONGEST_PAUSE_S
        try:
            # Without `raise_for_status` a refusal looks like a stream without events.
            events = aiosseclient(URL, last_id=last_event_id, headers={}, raise_for_status=True)
            async for event in events:
                report_event(event.event, event.id, event.data)
                last_event_id = event.id
        except aiohttp.ClientResponseError as error:
            report_state(error)
            pause_s = pause_after(error.headers or {})
        except (TimeoutError, aiohttp.ClientError) as error:
            report_state(error)
        await asyncio.sleep(pause_s)


asyncio.run(follow())
