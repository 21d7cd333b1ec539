"""Follows with Chromium's own EventSource, in a page of the service's origin.

Run by path: URL, longest pause and patience in seconds, and the paths of the browser and its
driver. A browser has all the patience that there is.
"""

import json
import signal
import sys
import time
from pathlib import Path
from urllib.parse import urljoin

from browser import chromium_at

USER_CODE = (Path(__file__).parent / "npm/plain.mjs").read_text("utf-8").replace("export ", "")
FOLLOW = """
window.lines = [];
follow(EventSource, {
  url: arguments[0],
  types: ["metrics", "new_item", "heartbeat", "reset", "failure"],
  parameter: "last_event_id",
  pauseMs: () => arguments[1] * 1000,
  onEvent: (event, id, data) => lines.push({ event, id, item_id: JSON.parse(data).item_id }),
  onState: (state) => lines.push({ state }),
});
"""
READ_EVERY_S = 0.2


def follow(url: str, longest_pause_s: float, binary: str, driver: str) -> None:
    with chromium_at(binary, driver) as browser:
        browser.get(urljoin(url, "/api/v2/stream/status"))
        browser.execute_script(USER_CODE + FOLLOW, url, longest_pause_s)
        while True:
            for line in browser.execute_script("return lines.splice(0)"):
                print(json.dumps(line), flush=True)
            time.sleep(READ_EVERY_S)


# Ended by the test, it closes the browser before it goes.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
follow(sys.argv[1], float(sys.argv[2]), *sys.argv[4:])
