"""Does the command say what it found, to people, to machines, and by its exit status?"""

import json
import socket
import subprocess
import sys

import pytest

from sse_conformance.checks import ALL
from sse_conformance.command import main
from tests.sse_conformance.server import Server, as_head
from tests.support.paths import PACKAGES, ROOT

SHORT = ["--heartbeat", "0.4", "--window", "0.3", "--timeout", "3"]


class Cacheable(Server):
    """It fails a `should`."""

    def stream_headers(self, asked):
        return [each for each in super().stream_headers(asked) if each[0] != "Cache-Control"]


class AsPlainText(Server):
    """It fails a `must`."""

    def stream_headers(self, asked):
        return [("Content-Type", "text/plain"), *super().stream_headers(asked)[1:]]


class Moved(Server):
    """It redirects to the stream."""

    status = "307 Temporary Redirect"

    def answer_stream(self, connection, asked):
        if asked.path == "/stream":
            return super().answer_stream(connection, asked)
        connection.sendall(as_head(self.status, [("Location", "/stream"), ("Content-Length", "0")]))
        return True


def test_a_server_that_conforms_is_told_so_and_the_status_is_0(capsys):
    with Server() as server:
        assert main([server.url, *SHORT, "--only", "status,content-type"]) == 0

    shown = capsys.readouterr().out
    assert server.url in shown
    assert "ok    must     status" in shown
    assert "conforms: 2 passed, 0 failed, 0 skipped" in shown


def test_a_broken_must_is_status_1_and_shows_the_rule_and_its_source(capsys):
    with AsPlainText() as server:
        assert main([server.url, *SHORT, "--only", "content-type", "--quiet"]) == 1

    shown = capsys.readouterr().out
    assert "FAIL  must     content-type" in shown
    assert "'text/plain'" in shown
    assert "https://html.spec.whatwg.org/" in shown
    assert "does not conform: 0 passed, 1 failed (1 must), 0 skipped" in shown


def test_a_broken_should_counts_with_strict_alone():
    with Cacheable() as server:
        arguments = [server.url, *SHORT, "--only", "cache-control"]
        assert main(arguments) == 0
        assert main([*arguments, "--strict"]) == 1


def test_the_json_holds_every_check_and_nothing_else_is_printed(capsys):
    with Server() as server:
        assert main([server.url, *SHORT, "--json", "-"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found.keys() == {
        *("format", "version", "url", "started", "lasted_s", "exit_code", "counts"),
        *("notes", "checks"),
    }
    assert [each["id"] for each in found["checks"]] == [check.id for check in ALL]
    for each in found["checks"]:
        assert each["level"] in ("must", "should", "promise")
        assert each["result"] in ("pass", "fail", "skip")
        assert each.keys() == {
            *("id", "group", "title", "rule", "source", "level", "result", "evidence")
        }
    assert sum(found["counts"].values()) == len(ALL)


def test_the_json_can_go_into_a_file_beside_the_report(tmp_path, capsys):
    file = tmp_path / "report.json"
    with Server() as server:
        main([server.url, *SHORT, "--only", "status", "--json", str(file)])

    assert json.loads(file.read_text())["exit_code"] == 0
    assert "conforms" in capsys.readouterr().out


def test_credentials_and_values_of_the_query_are_never_shown(capsys):
    class Echo(Server):
        def event(self, number, text):
            said = (asked_token.header("Authorization") or b"").decode()
            return super().event(number, f"{said} {text}").replace(b"data:", b"Data:")

        def stream(self, connection, asked):
            nonlocal asked_token
            asked_token = asked
            super().stream(connection, asked)

    asked_token = None
    with Echo() as server:
        url = server.url.replace("//", "//name:long-password@") + "?ticket=very-secret-ticket"
        main([url, *SHORT, "--json", "-"])

    shown = capsys.readouterr().out
    for secret in ("long-password", "very-secret", "bmFtZTpsb25nLXBhc3N3b3Jk", "bmFtZTps"):
        assert secret not in shown
    assert "***" in shown
    assert "?ticket=..." in shown


def test_a_redirect_is_followed_and_said(capsys):
    with Moved() as server:
        assert main([server.url.replace("/stream", "/old"), *SHORT, "--only", "status"]) == 0

    assert f"status 307 leads to {server.url}" in capsys.readouterr().out


def test_a_url_without_a_stream_is_status_1_and_the_other_checks_are_skipped(capsys):
    with Moved() as server:
        server.token = "x"
        assert main([server.url, *SHORT]) == 1

    shown = capsys.readouterr().out
    assert "status 401 instead of 200; --auth-header?" in shown
    assert "there is no event stream" in shown


def test_a_report_that_cannot_be_written_is_said_before_the_run(tmp_path, capsys):
    for place in (tmp_path / "nowhere" / "report.json", tmp_path):
        with Server() as server:
            assert main([server.url, *SHORT, "--json", str(place)]) == 2
            assert server.open_streams == 0

        shown = capsys.readouterr()
        assert shown.out == ""
        assert f"--json {place}: " in shown.err


def test_an_attempt_to_write_leaves_nothing_and_keeps_what_was_there(tmp_path):
    file = tmp_path / "report.json"
    url = f"http://127.0.0.1:{free_port()}/stream"

    assert main([url, "--json", str(file)]) == 2
    assert not file.exists()

    file.write_text("an older report")
    assert main([url, "--json", str(file)]) == 2
    assert file.read_text() == "an older report"


def test_a_run_in_which_nothing_could_be_tried_does_not_conform(tmp_path, capsys):
    file = tmp_path / "report.json"
    with Server() as server:
        arguments = [server.url, *SHORT, "--json", str(file)]
        assert main([*arguments, "--only", "auth-echo,limit"]) == 2
        assert json.loads(file.read_text())["exit_code"] == 2
        shown = capsys.readouterr().out
        assert "note: --only names what could not be tried: limit, auth-echo" in shown
        assert "nothing was checked: 0 passed, 0 failed, 2 skipped" in shown

        assert main([*arguments, "--only", "auth-echo,status"]) == 0
        shown = capsys.readouterr().out
        assert "note: --only names what could not be tried: auth-echo" in shown
        assert "conforms: 1 passed" in shown


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say the URL"),
        (["ftp://example.com/"], "must begin with http:// or https://"),
        (["localhost:8000/stream"], "must begin with http:// or https://"),
        (["http:///stream"], "names no host"),
        (["http://localhost:port/"], "this is no URL"),
        (["http://[::1/"], "this is no URL"),
        (["http://x/", "--only", "nothing"], "there is no check nothing"),
        (["http://x/", "--only", "status", "--skip", "status"], "leave no check"),
        (["http://x/", "--auth-header", "token"], "--auth-header must be 'NAME: VALUE'"),
        (["http://x/", "--header", "A: b\r\nC: d"], "--header must be 'NAME: VALUE'"),
        (["http://x/", "--origin", "example.com"], "--origin"),
        (["http://x/", "--heartbeat", "-1"], "--heartbeat"),
        (["http://x/", "--unknown"], "--unknown"),
        (["http://x/", "--ca", "/no/such/file"], "--ca /no/such/file"),
        (["http://x/", "--emit-url", "http://y/", "--emit-command", "z"], "exclude each other"),
    ],
)
def test_a_wrong_use_is_status_2_with_one_line(arguments, said, capsys):
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = ended.code

    errors = capsys.readouterr().err
    assert status == 2
    assert said in errors
    assert errors.count("\n") == 1


def test_a_server_that_is_not_there_is_status_2_with_one_line(capsys):
    assert main([f"http://127.0.0.1:{free_port()}/stream"]) == 2

    assert "cannot be reached: connection refused" in capsys.readouterr().err


def test_a_server_that_speaks_no_http_is_status_2_with_one_line(capsys):
    class Other(Server):
        def answer(self, connection, asked):
            connection.sendall(b"220 mail.example.com ESMTP\r\n")
            return False

    with Other() as server:
        assert main([server.url, *SHORT]) == 2

    assert "does not begin with an HTTP status line" in capsys.readouterr().err


def test_https_to_a_server_without_tls_is_status_2_with_one_line(capsys):
    with Server() as server:
        assert main([server.url.replace("http:", "https:"), *SHORT]) == 2

    assert "cannot be reached: TLS: " in capsys.readouterr().err


def test_the_list_names_every_check(capsys):
    assert main(["--list"]) == 0

    shown = capsys.readouterr().out
    assert all(f"  {check.id} " in shown for check in ALL)


def test_the_module_runs_by_its_name_and_needs_the_standard_library_alone():
    paths = f"{ROOT}:{PACKAGES['event_stream'].parent}"
    ended = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-m", "sse_conformance", "--list"],
        env={"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "content-type" in ended.stdout
    assert ended.stderr == ""
