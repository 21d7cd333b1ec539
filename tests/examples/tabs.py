"""Opens pages of examples in a browser, and a page of another origin."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import axe_core_python

from tests.support.waiting import eventually

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RUN_AXE = """
axe.run().then(({ violations }) => done(
  violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])));"""


class Tab:
    """A tab with a page. The tab is closed by `close`, and so are the page's streams."""

    def __init__(self, driver: Any, url: str) -> None:
        self._driver = driver
        self._before = driver.current_window_handle
        driver.switch_to.new_window("tab")
        driver.get_log("browser")  # drops the entries of earlier pages
        driver.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs JavaScript in the page; `done(value)` at the end of it returns a value."""
        return self._driver.execute_async_script(
            f"const done = arguments[arguments.length - 1];{script}", *arguments
        )

    def text(self, selector: str) -> str:
        return self._driver.execute_script(
            "return document.querySelector(arguments[0]).textContent", selector
        )

    def count(self, selector: str) -> int:
        script = "return document.querySelectorAll(arguments[0]).length"
        return self._driver.execute_script(script, selector)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self._driver.execute_script(
                "document.querySelector(`[name=${arguments[0]}]`).value = arguments[1]", name, value
            )

    def click(self, selector: str) -> None:
        self._driver.execute_script("document.querySelector(arguments[0]).click()", selector)

    def wait_for(self, condition: Any, within_s: float = 15) -> Any:
        return eventually(condition, within_s=within_s)

    def wait_for_text(self, selector: str, part: str) -> None:
        self.wait_for(lambda: part in self.text(selector))

    def reload(self) -> None:
        self._driver.refresh()

    def violations(self) -> list[Any]:
        """Returns what axe finds: rules for people who do not see the page, or use no mouse."""
        self._driver.execute_script(AXE.read_text("utf-8"))
        return self.run(RUN_AXE)

    def complaints(self) -> list[str]:
        """Returns what the browser itself complained about, but for refused requests."""
        messages = [entry["message"] for entry in self._driver.get_log("browser")]
        return [each for each in messages if "Failed to load resource" not in each]

    def close(self) -> None:
        self._driver.delete_all_cookies()
        self._driver.close()
        self._driver.switch_to.window(self._before)


@contextlib.contextmanager
def tab_with(driver: Any, url: str) -> Iterator[Tab]:
    tab = Tab(driver, url)
    try:
        yield tab
    finally:
        tab.close()


@contextlib.contextmanager
def empty_page() -> Iterator[str]:
    """Serves an empty page, and yields its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = b"<!doctype html><title>elsewhere</title><link rel=icon href=data:,>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
