"""Follows with aiohttp-sse-client2, which reconnects after an end, and gives up after an error."""

import asyncio

import aiohttp
from aiohttp_sse_client2.client import EventSource
from report import LONGEST_PAUSE_S, URL, report_event, report_state


async def follow() -> None:
    last_event_id = ""
    while True:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        try:
            async with EventSource(URL, headers=headers) as source:
                async for event in source:
                    report_event(event.type, event.last_event_id, event.data)
                    last_event_id = event.last_event_id
        except (TimeoutError, ConnectionError, aiohttp.ClientError) as error:
            report_state(error)
        await asyncio.sleep(LONGEST_PAUSE_S)


asyncio.run(follow())
