"""`ChatPage` is one tab that shows the chat, as a user sees it."""

import base64

from selenium.webdriver import Keys

from tests.support.waiting import eventually

TOKEN = "local-chat-token"
READ = """
const shown = (element) => element !== null && element.checkVisibility();
const text = (element) => shown(element) ? element.textContent : "";
return {
  turns: [...document.querySelectorAll("#turns li")].map((row) => ({
    question: text(row.querySelector(".question p")),
    answer: text(row.querySelector(".text")),
    note: text(row.querySelector(".note")),
    busy: row.querySelector(".answer").getAttribute("aria-busy") === "true",
    retry: shown(row.querySelector(".retry")),
  })),
  sends: shown(document.querySelector("#send")),
  stops: shown(document.querySelector("#stop")),
  door: shown(document.querySelector("#door")),
  doorNote: text(document.querySelector("#door-note")),
  status: document.querySelector("#status").textContent,
  focus: document.activeElement.id,
};"""

WITHOUT_NETWORK = """
const real = window.fetch;
window.fetch = async () => {
  window.fetch = real;
  throw new TypeError("Failed to fetch");
};"""


class ChatPage:
    """Opens the chat in a new tab. `silence_ms` replaces the page's own patience."""

    def __init__(self, driver, url, token=TOKEN, silence_ms=None):
        self.driver = driver
        driver.switch_to.new_window("tab")
        self.handle = driver.current_window_handle
        if silence_ms:
            source = f"window.chatSilenceMs = {silence_ms};"
            self.cdp("Page.addScriptToEvaluateOnNewDocument", source=source)
        driver.get_log("browser")  # drops the entries of earlier pages
        driver.get(f"{url}#token={token}" if token else url)
        eventually(lambda: self.now["focus"] in ("question", "token"))

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    @property
    def now(self):
        """Everything that the page shows at this moment."""
        return self.driver.execute_script(READ)

    @property
    def last(self):
        return self.now["turns"][-1]

    def type(self, text, into="question"):
        self.driver.find_element("id", into).send_keys(text)

    def ask(self, text):
        self.type(text + Keys.ENTER)

    def click(self, selector):
        self.driver.find_element("css selector", selector).click()

    def wait_for_answer(self, text, within_s=10):
        """Waits until the last answer is exactly this."""
        return self.wait_for(
            lambda now: now["turns"] and now["turns"][-1]["answer"] == text, within_s
        )

    def wait_until_idle(self):
        return self.wait_for(lambda now: now["sends"] and not now["turns"][-1]["busy"])

    def wait_for(self, condition, within_s=10):
        """Waits until what the page shows meets a condition, and returns it."""

        def met():
            now = self.now
            return now if condition(now) else None

        try:
            return eventually(met, within_s)
        except AssertionError as error:
            raise AssertionError(f"on the screen: {self.now}") from error

    def resize(self, width, height, scheme):
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", features=media)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)

    def lose_next_request(self):
        """Lets the next request fail as without a network."""
        self.driver.execute_script(WITHOUT_NETWORK)

    def picture(self):
        return base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"])

    def complaints(self):
        """Returns the console's errors and violations of the policy; refused requests are none."""
        return [each for each in self.driver.get_log("browser") if each["source"] != "network"]

    def close(self):
        self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])
