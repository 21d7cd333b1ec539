"""Starts one headless Chromium."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage")


@contextlib.contextmanager
def chromium_at(binary: str, driver: str, *flags: str) -> Iterator[Any]:
    """Yields the driver of a browser with an empty profile."""
    options = Options()
    options.binary_location = binary
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", *flags):
            options.add_argument(flag)
        browser = webdriver.Chrome(options, Service(driver))
        try:
            yield browser
        finally:
            browser.quit()
