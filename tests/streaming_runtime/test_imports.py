"""Tests the calls that come right after an import, and that nobody else can tell."""

import importlib
import importlib.abc
import importlib.util
import sys

import pytest
from streaming_runtime.imports import after_import


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Returns a function that writes a module. It is forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    written = []

    def write(name, text):
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        importlib.invalidate_caches()
        written.append(name)
        return path

    yield write
    for name in written:
        sys.modules.pop(name, None)


def test_it_is_called_after_the_modules_code_and_before_the_importing_code_goes_on(module):
    module("awaited_one", "value = 1")
    seen = []
    after_import("awaited_one", lambda imported: seen.append(imported.value))

    importlib.import_module("awaited_one")

    assert seen == [1]


def test_it_is_called_at_once_if_the_module_is_there():
    seen = []
    after_import("sys", seen.append)
    assert seen == [sys]


def test_all_who_wait_are_called_once_in_their_order(module):
    module("awaited_two", "")
    seen = []
    after_import("awaited_two", lambda _: seen.append("first"))
    after_import("awaited_two", lambda _: seen.append("second"))

    imported = importlib.import_module("awaited_two")
    importlib.reload(imported)

    assert seen == ["first", "second"]


def test_a_module_looks_as_if_nobody_had_waited_for_it(module):
    path = module("awaited_three", "during = __spec__.loader, __loader__")
    after_import("awaited_three", lambda _: None)

    imported = importlib.import_module("awaited_three")

    expected = importlib.util.spec_from_file_location("awaited_three", path).loader
    assert type(imported.__loader__) is type(expected)
    assert imported.during == (imported.__loader__, imported.__loader__)
    assert imported.__spec__.loader is imported.__loader__
    assert imported.__loader__.get_source("awaited_three").startswith("during")


def test_a_module_inside_of_a_package_is_awaited_by_its_full_name(module):
    module("awaited_package/__init__".replace("/", "."), "")
    module("awaited_package.inner", "value = 2")
    seen = []
    after_import("awaited_package.inner", lambda imported: seen.append(imported.value))

    importlib.import_module("awaited_package.inner")
    sys.modules.pop("awaited_package")

    assert seen == [2]


def test_a_module_whose_code_raises_is_awaited_still(module):
    path = module("awaited_four", "raise OSError")
    seen = []
    after_import("awaited_four", lambda _: seen.append("called"))
    with pytest.raises(OSError):
        importlib.import_module("awaited_four")
    path.write_text("value = 'mended'  # of another length")
    importlib.invalidate_caches()

    importlib.import_module("awaited_four")

    assert seen == ["called"]


def test_a_module_that_is_not_there_raises_as_ever():
    after_import("awaited_and_missing", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="No module named 'awaited_and_missing'"):
        importlib.import_module("awaited_and_missing")


def test_finders_that_others_put_first_are_asked(module, monkeypatch):
    class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path, target=None):
            if name == "awaited_elsewhere":
                return importlib.util.spec_from_loader(name, self)

        def exec_module(self, module):
            module.value = "from elsewhere"

    after_import("awaited_elsewhere", lambda imported: seen.append(imported.value))
    seen = []
    sys.meta_path.append(Finder())

    importlib.import_module("awaited_elsewhere")
    sys.modules.pop("awaited_elsewhere")

    assert seen == ["from elsewhere"]
