"""Does a thread that waits end when it is told to, whatever else happens in the process?"""

import os
import subprocess
import sys

from tests.support.paths import PACKAGES

LAYER = PACKAGES["lambda_streaming"].parent
# Threads begin and end all the time, and each object that is made may start a collection, whose
# finalizer lets another thread run. One collects at a time, so that many objects wait for theirs at
# the end: nothing sleeps then. No thread has the id 1; one that is only being made has 0.
STORM = """
import gc, threading, time
from lambda_streaming.server_sent_events.interrupting import interrupt

class Stopped(Exception):
    pass

class Cycle:
    def __init__(self):
        self.me = self
    def __del__(self):
        if time.monotonic() < until:
            time.sleep(0)

def come_and_go(until):
    while time.monotonic() < until:
        threads = [threading.Thread(target=Cycle) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

until = time.monotonic() + 2
gc.set_threshold(1)
threading.Thread(target=come_and_go, args=(until,)).start()
while time.monotonic() < until:
    Cycle()
    interrupt(1, Stopped)
print("gone on", gc.isenabled())
"""


def test_interrupting_stops_nothing_but_its_thread_whatever_is_collected_meanwhile():
    ended = subprocess.run(
        [sys.executable, "-c", STORM],
        env={**os.environ, "PYTHONPATH": str(LAYER)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert ended.stdout == "gone on True\n"
