"""Reads the recipes of docs/observability.md."""

import re

import yaml

from tests.support.paths import ROOT

PAGE = ROOT / "docs/observability.md"


class Recipe:
    """A section of the page: the code of `app.py`, the handler, and the variables that it sets."""

    def __init__(self, tool):
        text = PAGE.read_text("utf-8")
        section = re.split(r"^## ", text, flags=re.MULTILINE)
        (self._section,) = [part for part in section if part.startswith(f"{tool}\n")]
        (self.code,) = re.findall(r"`app.py`:\n\n```python\n(.*?)```", self._section, re.DOTALL)
        self.handler = "app.handler"
        self.variables = {}
        for block in re.findall(r"```yaml\n(.*?)```", self._section, re.DOTALL):
            properties = yaml.safe_load(block)
            self.handler = properties["Handler"]
            self.variables = properties["Environment"]["Variables"]
            # This is how the tests start every function.
            assert self.variables.pop("AWS_LAMBDA_EXEC_WRAPPER") == "/opt/bootstrap"
