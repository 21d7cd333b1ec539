"""The log: one writer for the emulator's own lines and those of the functions."""

import io
import logging
import re
import subprocess
import sys

import pytest

from local_lambda.logs import Log, LogFileError, LogHandler, open_log, wants_colour
from tests.support.paths import ROOT


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


def log_to(stream, **settings):
    return Log(stream, clock=lambda: 1_700_000_000.1234, **settings)


def test_a_line_has_time_request_id_source_and_text():
    stream = io.StringIO()
    log = log_to(stream)
    log.write("F[7]", "hello", "id-1", is_output=True)
    log.write("local_lambda INFO", "event x=1")
    assert [re.sub(r"^\d\d:\d\d:", "", line) for line in stream.getvalue().splitlines()] == [
        "20.123 id-1 F[7] hello",
        "20.123 - local_lambda INFO event x=1",
    ]


def test_the_emulators_own_lines_name_their_level_and_messages_keep_their_text():
    stream = io.StringIO()
    record = logging.LogRecord("x", logging.WARNING, "", 0, "a %s", ("b",), None)
    handler = LogHandler(log_to(stream))
    handler.emit(record)
    assert stream.getvalue().endswith(" - local_lambda WARNING a b\n")
    record.request_id = "id-1"
    handler.emit(record)
    assert stream.getvalue().endswith(" id-1 local_lambda WARNING a b\n")


def test_lines_below_the_level_reach_subscribers_only_and_functions_are_never_silenced():
    stream = io.StringIO()
    seen = []
    log = log_to(stream, level=logging.ERROR)
    leave = log.subscribe(lambda line: seen.append(line.text))
    log.write("F[7]", "START", level=logging.DEBUG)
    log.write("F[7]", "printed", is_output=True)
    leave()
    log.write("F[7]", "later")
    assert seen == ["START", "printed"]
    assert "printed" in stream.getvalue()
    assert "START" not in stream.getvalue()


@pytest.mark.parametrize(
    ("stream", "variables", "is_coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_is_for_terminals_and_for_those_who_ask(stream, variables, is_coloured):
    assert wants_colour(stream, variables) == is_coloured


def test_each_function_has_a_colour_of_its_own_and_the_file_has_none():
    stream = io.StringIO()
    file = io.StringIO()
    log = log_to(stream, is_coloured=True, file=file)
    for source in ("A[1]", "B[2]", "A[3]"):
        log.write(source, "x", is_output=True)
    log.write("local_lambda ERROR", "broken", level=logging.ERROR)
    colours = re.findall(r"(\033\[\d+m)(?:A|B|local)", stream.getvalue())
    assert colours[0] == colours[2] != colours[1]
    assert colours[3] == "\033[31m"
    assert "\033" not in file.getvalue()
    assert re.sub(r"\033\[\d*m", "", stream.getvalue()) == file.getvalue()


def test_a_full_disk_is_told_once_and_does_not_end_the_log():
    stream = io.StringIO()
    log = log_to(stream, file=Full())
    log.write("F[1]", "one", is_output=True)
    log.write("F[1]", "two", is_output=True)
    assert stream.getvalue().count("takes no more lines: No space left on device") == 1
    assert "two" in stream.getvalue()


def test_a_log_file_is_appended_to_and_one_that_cannot_be_written_is_a_sentence(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("before\n")
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        log = open_log(path, logging.INFO, io.StringIO())
        log.write("F[1]", "a lone \udce9", is_output=True)
        log.close()
    finally:
        root.handlers[:] = handlers
    assert path.read_text().startswith("before\n")
    assert "F[1] a lone \\udce9\n" in path.read_text()
    with pytest.raises(LogFileError, match=r"--log-file: .* cannot be written: Is a directory"):
        open_log(tmp_path, logging.INFO)


@pytest.mark.once
def test_the_command_line_refuses_a_log_file_that_cannot_be_written():
    command = [sys.executable, "-m", "local_lambda", "--log-file", "/nowhere/a.log"]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (
        1,
        "local_lambda: --log-file: /nowhere/a.log cannot be written: No such file or directory\n",
    )
