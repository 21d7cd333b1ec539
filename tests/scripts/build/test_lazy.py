"""Tests how packages are rewritten that load much for nothing."""

import importlib.resources
import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lazy import UnknownFormError, deferred_imports, lazy_door

DOOR = '''"""Offers names."""

from .near import Near, other as renamed
from shop.far.away import FAR
from .same import same

__all__ = ["FAR", "Near", "renamed", "same"]
'''
MODULES = {
    "near.py": "class Near: pass\ndef other(): return 'other'\n",
    "far/__init__.py": "",
    "far/away.py": "FAR = []\n",
    "same.py": "def same(): return 'same'\n",
    "unasked.py": "WHERE = __name__\n",
}


@pytest.fixture
def shop(tmp_path):
    """Writes the package, and returns a function that runs a program with it."""
    package = tmp_path / "shop"
    (package / "far").mkdir(parents=True)
    for name, source in MODULES.items():
        (package / name).write_text(source)
    modules = {path.stem for path in package.iterdir()}
    (package / "__init__.py").write_text(lazy_door(DOOR, "shop", modules))

    def run(program):
        command = [sys.executable, "-c", program]
        environ = {"PYTHONPATH": str(tmp_path)}
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        return SimpleNamespace(out=ran.stdout.strip(), err=ran.stderr)

    return run


def test_importing_the_package_loads_no_module_whose_name_is_not_asked_for(shop):
    program = "import sys, shop; print(sorted(n for n in sys.modules if n.startswith('shop')))"

    assert shop(program).out == "['shop', 'shop.same']"


def test_every_name_is_what_it_was_and_is_looked_up_once(shop):
    program = (
        "from shop import Near, renamed, FAR, same\n"
        "import shop, shop.near, shop.far.away\n"
        "assert Near is shop.near.Near is shop.Near and renamed() == 'other'\n"
        "assert FAR is shop.far.away.FAR and same() == 'same'\n"
        "print(sorted({'Near', 'renamed', 'FAR'} & vars(shop).keys()), shop.__doc__)"
    )

    assert shop(program).out == "['FAR', 'Near', 'renamed'] Offers names."


def test_a_name_that_is_a_module_s_too_stays_what_the_package_offers(shop):
    assert shop("import shop.same; from shop import same; print(same())").out == "same"


def test_a_star_import_brings_all_that_is_offered(shop):
    assert shop("from shop import *; print(Near, FAR, renamed(), same())").err == ""


def test_modules_are_attributes_as_they_were(shop):
    assert shop("import shop; print(shop.near.__name__)").out == "shop.near"
    assert shop("import shop; print(shop.unasked.WHERE)").out == "shop.unasked"


def test_an_unknown_name_is_an_attribute_error_and_an_import_error(shop):
    assert "has no attribute 'unknown'" in shop("import shop; shop.unknown").err
    assert "ImportError: cannot import name" in shop("from shop import unknown").err
    assert shop("import shop; print(hasattr(shop, 'unknown'))").out == "False"


def test_dir_has_all_names(shop):
    names = shop("import shop; print(*dir(shop))").out.split()

    assert {"FAR", "Near", "renamed", "same", "near", "unasked", "__all__"} <= {*names}


@pytest.mark.parametrize(
    "source", ["import os", "register()", "NUMBER = 1", "if True:\n    from a import b"]
)
def test_a_package_that_does_more_than_offer_names_is_refused(source):
    with pytest.raises(UnknownFormError, match="line 2"):
        lazy_door(f'"""Text."""\n{source}\n', "shop", [])


USES = '''"""Text."""
from __future__ import annotations

from json import dumps, loads
from os.path import join


def write(value):
    """Writes."""
    return dumps(value)


class Reader:
    path = join("a", "b")

    def read(self, text):
        def inner():
            return loads(text)

        return inner()
'''


def namespace(source, package="none"):
    module = {"__name__": package, "__package__": package}
    exec(compile(source, "module", "exec"), module)
    return module


@given(st.dictionaries(st.text(), st.integers()))
def test_functions_do_the_same_with_their_imports_inside(value):
    before = namespace(USES)
    after = namespace(deferred_imports(USES, ("dumps", "loads")))

    assert after["write"](value) == before["write"](value)
    assert after["Reader"]().read(before["write"](value)) == value
    assert after["Reader"].path == before["Reader"].path
    assert {"dumps", "loads"} & before.keys()
    assert not {"dumps", "loads"} & after.keys()


@pytest.mark.parametrize(
    ("names", "complaint"),
    [(("load",), "not imported: load"), (("join",), "join is used in line")],
)
def test_an_import_that_is_missing_or_used_outside_of_functions_is_refused(names, complaint):
    with pytest.raises(UnknownFormError, match=complaint):
        deferred_imports(USES, names)


@pytest.mark.parametrize("name", ["event_handler", "utilities.data_classes"])
def test_powertools_offers_the_same_names_through_a_lazy_door(name):
    package = importlib.import_module(f"aws_lambda_powertools.{name}")
    modules = {path.stem for path in importlib.resources.files(package).iterdir()} - {"__init__"}
    with open(package.__file__, encoding="utf-8") as file:
        source = lazy_door(file.read(), package.__name__, modules)
    door = namespace(source, package.__name__)

    assert door["__all__"] == package.__all__
    for offered in package.__all__:
        found = door.get(offered) or door["__getattr__"](offered)
        assert found is getattr(package, offered)
