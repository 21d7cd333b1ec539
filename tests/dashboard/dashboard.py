"""`Dashboard` is one tab that shows the dashboard, as a user sees it."""

import json
import re

from selenium.common.exceptions import ElementNotInteractableException

from tests.support.waiting import eventually

READ = """
const text = (selector) => document.querySelector(selector)?.textContent ?? null;
return {
  state: document.body.dataset.state,
  status: text("#status"),
  detail: text(".detail"),
  notice: text(".notice"),
  words: text(".series-words"),
  items: [...document.querySelectorAll(".newest .items li")].map((row) => row.dataset.item),
  fields: Object.fromEntries(
    [...document.querySelectorAll("main .figures [data-field], header [data-field]")]
      .map((cell) => [cell.dataset.field, cell.textContent])),
  watch: document.querySelector(".configuration-view")?.dataset.state ?? null,
  watchItems: [...document.querySelectorAll(".configuration-view .items li")]
    .map((row) => row.dataset.item),
};"""
WITH_STATES = """
window.dashboardTimings = %s;
window.statesSeen = [];
document.addEventListener("DOMContentLoaded", () => {
  const note = () => statesSeen.push(document.body.dataset.state);
  const options = { attributes: true, attributeFilter: ["data-state"] };
  new MutationObserver(note).observe(document.body, options);
});"""

HANGING = """
new BroadcastChannel("hang").onmessage = ({ data }) => {
  for (const end = Date.now() + data; Date.now() < end; );
};"""
HANG = "new BroadcastChannel('hang').postMessage(arguments[0]);"

MOTION = {"name": "prefers-reduced-motion", "value": "no-preference"}


class Dashboard:
    """Opens `url` in a new tab.

    `timings`, in milliseconds, replace the page's own. `before` is a script that runs before the
    page's scripts.
    """

    def __init__(self, driver, url, before="", **timings):
        self.driver = driver
        self.url = url
        driver.switch_to.new_window("tab")
        self.handle = driver.current_window_handle
        self.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            source=WITH_STATES % json.dumps(timings) + before,
        )
        driver.get_log("browser")  # drops the entries of earlier pages
        driver.get(url)

    def cdp(self, command, **parameters):
        self.focus()
        return self.driver.execute_cdp_cmd(command, parameters)

    def focus(self):
        if self.driver.current_window_handle != self.handle:
            self.driver.switch_to.window(self.handle)

    def show(self):
        """Brings the tab to the front, because a tab in the background is not drawn."""
        self.cdp("Page.bringToFront")
        return self

    def moving(self):
        """Turns animations on, which the browser is started without."""
        self.cdp("Emulation.setEmulatedMedia", features=[MOTION])
        return self

    def hang(self, seconds, other):
        """Blocks the tab's scripts for so long, as in a frozen tab.

        `other`, a tab of the same origin, is brought to the front.
        """
        self.run(HANGING)
        other.show().run(HANG, seconds * 1000)

    def run(self, script, *arguments):
        self.focus()
        return self.driver.execute_script(script, *arguments)

    def run_async(self, script, *arguments):
        self.focus()
        return self.driver.execute_async_script(script, *arguments)

    @property
    def now(self):
        """Everything that the page shows at this moment."""
        return self.run(READ)

    @property
    def states_seen(self):
        return self.run("return statesSeen")

    def number(self, field):
        return int(re.sub(r"\D", "", self.now["fields"][field]) or -1)

    def wait_for(self, within_s=10, **expected):
        """Waits until the page shows this, and returns everything that it shows then."""

        def shown():
            now = self.now
            return now if all(now[name] == value for name, value in expected.items()) else None

        try:
            return eventually(shown, within_s)
        except AssertionError as error:
            raise AssertionError(
                f"not within {within_s} s: {expected}; on the screen: {self.now}"
            ) from error

    def wait_for_item(self, item_id, within_s=5):
        return eventually(lambda: item_id in self.now["items"], within_s)

    def click(self, selector):
        """Clicks as soon as a user could: a page that is laid out anew has no place for it."""
        shown = "return document.querySelector(arguments[0])?.checkVisibility()"
        eventually(lambda: self.run(shown, selector), 5)

        def clicked():
            self.driver.find_element("css selector", selector).click()
            return True

        eventually(clicked, 5, retry_on=ElementNotInteractableException)

    def type(self, selector, text):
        field = self.driver.find_element("css selector", selector)
        field.clear()
        field.send_keys(text)

    def create_configuration(self, name="Mine", tickers="AAPL, tsla"):
        """Fills in the form and sends it; starts a session if there is none."""
        if self.run("return document.querySelector('#own').dataset.session") == "none":
            self.click(".sign-in")
        eventually(lambda: self.run("return document.activeElement?.name") == "name")
        self.type("[name=name]", name)
        self.type("[name=tickers]", tickers)
        self.click("form .main")

    def complaints(self, network=True):
        """Returns the console's entries: errors, warnings, violations of the policy.

        `network`: refused requests, too.
        """
        self.focus()
        return [
            entry
            for entry in self.driver.get_log("browser")
            if network or entry["source"] != "network"
        ]

    def close(self):
        self.focus()
        self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])
