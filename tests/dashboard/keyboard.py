"""`Keyboard`: a user with nothing but keys, who must see where each step lands."""

from selenium.webdriver import ActionChains, Keys

from tests.support.waiting import eventually

FOCUSED = """
const each = document.activeElement;
const { outlineStyle, outlineWidth } = getComputedStyle(each);
const hasOutline = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
return {
  name: each.ariaLabel || each.name || each.textContent.trim(),
  body: each === document.body,
  outlined: hasOutline && each.matches(":focus-visible"),
};"""


class Keyboard:
    def __init__(self, page):
        self.page = page

    def press(self, *keys):
        self.page.focus()
        ActionChains(self.page.driver).send_keys(*keys).perform()

    def retype(self, text):
        """Replaces what stands in the field that has the focus."""
        self.page.focus()
        chain = ActionChains(self.page.driver)
        chain.key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).send_keys(text).perform()

    def focused(self):
        """Returns the name of the element that has the focus, which must show it."""
        focused = self.page.run(FOCUSED)
        assert not focused["body"]
        assert focused["outlined"], focused
        return focused["name"]

    def tab_to(self, name, most=60):
        self._step_to(name, lambda: self.press(Keys.TAB), most)

    def back_to(self, name, most=60):
        self._step_to(name, self._shift_tab, most)

    def lands_on(self, name):
        eventually(lambda: self.page.run(FOCUSED)["name"].startswith(name), 20)
        assert self.focused().startswith(name)

    def _step_to(self, name, step, most):
        seen = []
        for _ in range(most):
            step()
            seen.append(self.focused())
            if seen[-1].startswith(name):
                return
        raise AssertionError(f"{most} steps do not reach {name}: {seen}")

    def _shift_tab(self):
        self.page.focus()
        chain = ActionChains(self.page.driver)
        chain.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
