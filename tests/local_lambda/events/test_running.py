"""Tests how a running emulator is found."""

import os
import subprocess
import sys

import pytest

from local_lambda.events.running import NotFound, Running, choose, every, remembered


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "runtime"


def test_a_running_emulator_is_remembered_until_it_ends(directory):
    one = Running(os.getpid(), "http://127.0.0.1:1/", "/t.yaml")
    with remembered(one, directory):
        assert every(directory) == [one]
        assert directory.stat().st_mode & 0o777 == 0o700
    assert every(directory) == []


def test_the_file_of_a_killed_emulator_is_removed(directory):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    directory.mkdir(mode=0o700)
    path = directory / f"{process.pid}.json"
    path.write_text(f'{{"pid": {process.pid}, "admin": "http://x/", "template": "/t"}}')

    assert every(directory) == []
    assert not path.exists()


def test_the_file_is_replaced_as_a_whole_so_nobody_reads_half_of_one(directory):
    directory.mkdir(mode=0o700)
    before = directory / "before"
    before.write_text("another process's, with the same number")
    os.link(before, directory / f"{os.getpid()}.json")
    one = Running(os.getpid(), "http://127.0.0.1:1/", "/t.yaml")

    with remembered(one, directory):
        assert every(directory) == [one]
        assert before.read_text() == "another process's, with the same number"
    assert [each.name for each in directory.iterdir()] == ["before"]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"pid": "x"}', "\0"])
def test_a_malformed_file_is_passed_over(directory, text):
    directory.mkdir(mode=0o700)
    (directory / "1.json").write_text(text)

    assert every(directory) == []


def test_a_folder_that_others_can_write_into_is_not_believed(directory):
    with remembered(Running(os.getpid(), "http://x/", "/t"), directory):
        directory.chmod(0o777)
        assert every(directory) == []


def test_a_folder_that_cannot_be_made_costs_nothing(tmp_path):
    (tmp_path / "file").touch()
    with remembered(Running(os.getpid(), "http://x/", "/t"), tmp_path / "file" / "folder"):
        assert every(tmp_path / "file" / "folder") == []


def test_the_emulator_of_this_template_is_chosen_among_several(tmp_path):
    here = Running(1, "http://a/", str(tmp_path / "template.yaml"))
    other = Running(2, "http://b/", "/other.yaml")

    assert choose([other, here], tmp_path / "template.yaml") == here
    assert choose([other], tmp_path / "template.yaml") == other
    with pytest.raises(NotFound, match="no emulator of yours runs"):
        choose([], tmp_path / "template.yaml")
    with pytest.raises(NotFound, match=r"2 emulators run.*http://b/.*http://c/"):
        choose([other, Running(3, "http://c/", "/third.yaml")], tmp_path / "template.yaml")
