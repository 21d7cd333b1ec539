"""Uses the admin page in a browser, as a person would."""

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    StaleElementReferenceException,
)

from tests.support.waiting import eventually


class Page:
    """Is an admin page that is open and live."""

    def __init__(self, driver, url):
        self._driver = driver
        driver.get(url)
        self.wait_for("document.getElementById('link').dataset.state === 'live'")

    def run(self, script, *arguments):
        return self._driver.execute_script(script, *arguments)

    def wait_for(self, condition, *arguments):
        return eventually(lambda: self.run(f"return {condition}", *arguments))

    def click(self, label):
        """Clicks the button with this accessible name."""
        script = (
            "[...document.querySelectorAll('button')].find((each) => "
            "(each.getAttribute('aria-label') || each.textContent) === arguments[0])"
        )
        eventually(lambda: self._clicked(self.wait_for(script, label)))

    def _clicked(self, element):
        """Returns whether the click hit: a live page may move its parts, or draw them anew."""
        try:
            element.click()
        except (ElementClickInterceptedException, StaleElementReferenceException):
            return False
        return True

    def text_of(self, selector):
        return self.run("return document.querySelector(arguments[0]).innerText", selector)

    def shows(self, selector, text):
        return eventually(lambda: text in (self.text_of(selector) or ""))

    def invoke(self, function, payload):
        self.wait_for(
            "[...document.querySelectorAll('option')].some((o) => o.value === arguments[0])",
            function,
        )
        self.run(
            "document.getElementById('invoke-function').value = arguments[0];"
            "document.getElementById('invoke-payload').value = arguments[1];",
            function,
            payload,
        )
        self.run("document.getElementById('invoke-send').click()")

    def errors(self):
        return [each["message"] for each in self._driver.get_log("browser")]
