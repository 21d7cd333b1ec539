"""Is docs/observability.md about what the tests run?"""

import re
from pathlib import Path

from tests.system.observability.recipes import PAGE, Recipe

HERE = Path(__file__).parent
PIN = re.compile(r"^([\w-]+)==(\S+)", re.MULTILINE)


def test_every_recipe_is_run():
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    with_code = {part.partition("\n")[0] for part in sections if "`app.py`:" in part}
    run = set(re.findall(r'Recipe\("(.+?)"\)', (HERE / "test_recipes.py").read_text("utf-8")))

    assert run == with_code
    for tool in with_code:
        assert "def handler(event, context)" in Recipe(tool).code


def test_the_versions_of_the_page_are_those_that_are_installed():
    pins = dict(PIN.findall((HERE / "requirements.txt").read_text("utf-8")))
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| [")]
    said = [pair for row in rows for pair in re.findall(r"`([\w-]+)` ([\w.]+)", row)]

    assert len(said) >= len(rows)
    assert [(name, version) for name, version in said if pins[name] != version] == []
