"""Takes the pictures in docs/images. It is not collected with the tests, and takes minutes:

    python -m pytest -o faulthandler_timeout=0 -s tests/dashboard/pictures.py

It prints the folder of the film's frames, each named for its millisecond. Any program can make a
film of them.
"""

import base64
import time
from datetime import UTC, datetime

import pytest
import requests

from local_lambda import Emulator
from tests.dashboard.screens import shown_as
from tests.support.paths import ROOT
from tests.support.waiting import eventually

SIZES = {"desk": 1440, "tablet": 768, "phone": 390, "wall": 2560}
FILM = {"x": 0, "y": 0, "width": 1100, "height": 420, "scale": 1}
FILLED = """
return document.querySelectorAll(".bars rect").length > 100;"""


@pytest.fixture(scope="module")
def demo():
    with Emulator(ROOT / "template.yaml", "--stage", "dev", "--demo") as emulator:
        eventually(
            lambda: newest_age_s(emulator.dashboard_url) < 20, 180
        )  # until its history is published
        yield emulator


def newest_age_s(url):
    items = requests.get(f"{url}api/v2/metrics", timeout=30).json()["recent_items"]
    newest = max((item["timestamp"] for item in items), default="2000-01-01T00:00:00Z")
    return (datetime.now(UTC) - datetime.fromisoformat(newest)).total_seconds()


def test_take_the_pictures(dashboard, demo, tmp_path):
    page = dashboard(demo.dashboard_url)
    page.cdp("Emulation.setScrollbarsHidden", hidden=True)
    page.create_configuration("Cloud and devices", "AAPL MSFT AMZN")
    eventually(
        lambda: page.run("return document.querySelectorAll('.configurations li').length") == 1
    )
    page.type("[name=name]", "Chips and cars")
    page.type("[name=tickers]", "NVDA TSLA")
    page.click("form .main")
    eventually(lambda: page.run(FILLED), 400)
    for size, width in SIZES.items():
        for scheme in ("light", "dark"):
            with shown_as(page, size, scheme):
                page.run("scrollTo(0, 0)")
                page.wait_for(state="live", watch="live")
                take(
                    page,
                    ROOT / f"docs/images/dashboard-{width}-{scheme}.png",
                    captureBeyondViewport=size != "wall",
                )
    print(film(page, demo, tmp_path))


def take(page, path, **options):
    page.run_async("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    path.write_bytes(
        base64.b64decode(page.cdp("Page.captureScreenshot", format="png", **options)["data"])
    )


def film(page, emulator, frames):
    """Takes the frames of a page that reconnects after all environments were killed."""
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=1100,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    page.moving().run("scrollTo(0, 0)")
    began = time.monotonic()
    passed = lambda: time.monotonic() - began  # noqa: E731

    def shoot_until(done, within_s):
        until = passed() + within_s
        while not done() and passed() < until:
            take(page, frames / f"{passed() * 1000:06.0f}.png", clip=FILM)

    shoot_until(lambda: False, 2)
    for environment in emulator.environments():
        emulator.kill_environment(environment["pid"])
    shoot_until(lambda: page.now["state"] == "reconnecting", 5)
    shoot_until(lambda: page.now["state"] == "live", 20)
    shoot_until(lambda: False, 4)
    return frames
