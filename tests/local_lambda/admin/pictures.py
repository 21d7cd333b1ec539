"""Takes the pictures of the admin page in docs/images. It is not collected with the tests:

python -m pytest tests/local_lambda/admin/pictures.py
"""

import base64
import json

import pytest
import requests

from local_lambda import Emulator
from tests.local_lambda.admin.page import Page
from tests.support.paths import ROOT

SIZES = {"admin-1440-light": (1440, 1000)}


@pytest.fixture(scope="module")
def page(driver):
    with Emulator(ROOT / "template.yaml", "--stage", "dev", "--demo") as emulator:
        emulator.wait_for(lambda: len(emulator.invocations("PublishFunction")) > 2, timeout_s=60)
        emulator.delay("/api/v2/metrics", 400)
        for path in ("", "api/v2/metrics"):
            assert requests.get(emulator.dashboard_url + path, timeout=30).ok
        url = emulator.url("stream") + "api/v2/stream"
        with requests.get(url, stream=True, timeout=30) as response:
            next(response.iter_content(64))
            opened = Page(driver, emulator.admin_url)
            opened.payload = payload_for("/api/v2/metrics", emulator.admin_url)
            yield opened


def payload_for(path, admin_url):
    examples = requests.get(admin_url + "examples", timeout=10).json()
    (fields,) = [each["payload"] for each in examples if each["name"] == "ANY /{proxy+}"]
    return json.dumps({**fields, "path": path}, indent=2)


@pytest.mark.parametrize("name", SIZES)
def test_take_the_picture(page, driver, name):
    width, height = SIZES[name]
    scheme = {"name": "prefers-color-scheme", "value": name.rpartition("-")[2]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    page.invoke("ApiFunction", page.payload)
    page.shows("#result-state", "billed")
    page.shows("#result-log pre", "REPORT")
    page.run("window.scrollTo(0, 0)")
    picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    (ROOT / f"docs/images/{name}.png").write_bytes(base64.b64decode(picture))
