"""Which changes of files are noticed."""

import os

import pytest

from local_lambda.watch import Tree


def changes(tree):
    return [path.name for path in tree.look()]


@pytest.fixture
def folder(tmp_path):
    code = tmp_path / "code"
    (code / "package").mkdir(parents=True)
    (code / "package/module.py").write_text("one")
    return code


def test_a_file_that_is_written_made_or_removed_is_noticed_once(folder):
    tree = Tree(folder)
    assert changes(tree) == []
    (folder / "package/module.py").write_text("other")
    (folder / "new.py").write_text("")
    assert changes(tree) == ["new.py", "module.py"]
    assert changes(tree) == []
    (folder / "new.py").unlink()
    assert changes(tree) == ["new.py"]


def test_a_file_of_the_same_size_and_time_is_noticed_when_it_was_renamed_over(folder):
    tree = Tree(folder)
    module = folder / "package/module.py"
    times = (module.stat().st_atime_ns, module.stat().st_mtime_ns)
    (folder.parent / "edited").write_text("two")
    os.utime(folder.parent / "edited", ns=times)
    (folder.parent / "edited").rename(module)
    assert changes(tree) == ["module.py"]


@pytest.mark.parametrize(
    "name",
    [
        "__pycache__/module.cpython-313.pyc",
        ".git/index",
        ".venv/lib/x.py",
        "node_modules/a/b.js",
        "package/.module.py.swp",
        "package/module.py~",
        "package/4913",
        "package/.#module.py",
        "module.py___jb_tmp___",
        "module.pyc",
    ],
)
def test_what_no_function_runs_is_not_watched(folder, name):
    tree = Tree(folder)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x")
    assert changes(tree) == []


def test_the_log_file_is_not_watched(folder):
    tree = Tree(folder, ignored=[folder / "emulator.log"])
    (folder / "emulator.log").write_text("x")
    assert changes(tree) == []


def test_a_root_may_have_any_name_be_a_file_or_be_missing(tmp_path):
    hidden = tmp_path / ".aws-sam"
    hidden.mkdir()
    trees = [Tree(hidden), Tree(tmp_path / "layer.zip")]
    (hidden / "a.py").write_text("x")
    (tmp_path / "layer.zip").write_text("x")
    assert [changes(tree) for tree in trees] == [["a.py"], ["layer.zip"]]


def test_links_that_form_a_circle_end(folder):
    (folder / "package/again").symlink_to(folder)
    tree = Tree(folder)
    (folder / "package/module.py").write_text("other")
    assert "module.py" in changes(tree)


def test_the_newest_file_is_known(folder):
    os.utime(folder / "package/module.py", (1, 2_000_000_000))
    assert Tree(folder).newest_s == 2_000_000_000
