"""The fixture `driver`: one headless Chromium for all tests of a worker."""

import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.tools import chromium

FLAGS = (
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
    ),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    "--window-size=1440,1000",
    "--force-prefers-reduced-motion",  # animations cost time; see `Dashboard.moving`
)


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    from selenium import webdriver  # takes long, and few tests need it
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service as Driver

    binary, driver_binary = chromium()
    options = Options()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options, Driver(driver_binary))
        browser.set_script_timeout(60)
        yield browser
        browser.quit()
