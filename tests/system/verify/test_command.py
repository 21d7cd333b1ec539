"""Runs `make verify`'s command against the emulator, and with options that lead nowhere."""

import os
import socket
import subprocess
import sys

import pytest
from verify_aws.__main__ import main
from verify_aws.assumptions import PAGE, parse
from verify_aws.page import NO_AWS
from verify_aws.probes import PROBES

from tests.support.paths import ROOT
from tests.support.service import emulated
from tests.system.verify.probes import lines_in

pytestmark = pytest.mark.e2e

OF_AWS = "https://x.lambda-url.eu-west-1.on.aws/"
# The emulator is known to lack these, or they need TLS or much time.
NOT_HERE = {
    "compressed-stream-is-undone",
    "no-http-2",
    "rest-authorizer-29-s",
    "rest-errors-are-detail",
    "rest-throttle-by-method",
    "silence-of-70-s",
}


def run(*arguments):
    """Runs the command as make does."""
    return subprocess.run(
        [sys.executable, "-m", "verify_aws", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "scripts"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture(scope="module")
def whole_run(probe_stack, tmp_path_factory):
    """Everything that can be tried here, once: its output and its page."""
    folder = tmp_path_factory.mktemp("verify")
    probe = lines_in(folder, probe_stack.addresses)
    page = folder / "verified.md"
    with emulated({"ClientConnections": "100"}) as service:
        addresses = ("--url", service.dashboard_url, "--stream-url", service.url("stream"))
        ended = run(*addresses, "--probe", probe, "--page", page)
    return ended, page.read_text("utf-8") if page.is_file() else ""


def test_all_that_is_tried_holds_against_the_emulator(whole_run):
    ended, _ = whole_run
    assert "does not hold" not in ended.stdout
    assert (ended.returncode, ended.stderr) == (0, "")


def test_everything_is_tried_that_the_emulator_has(whole_run):
    _, page = whole_run
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    untried = {row[0].strip("| `") for row in rows if row[2] == "not tried"}

    assert untried == NOT_HERE
    assert {row[0].strip("| `") for row in rows} == set(PROBES)


def test_the_page_and_the_output_say_that_this_was_no_aws(whole_run):
    ended, page = whole_run

    assert " ".join(NO_AWS.split()) in " ".join(page.split())
    assert ended.stdout.endswith("No address is one of AWS: nothing was verified on AWS.\n")
    assert "127.0.0.1" not in page


def test_the_committed_page_has_every_id_and_tells_the_truth():
    page = (ROOT / "docs/verified.md").read_text("utf-8")

    assert [each.id for each in parse(PAGE.read_text("utf-8")) if f"`{each.id}`" not in page] == []
    assert ("**Nothing here was verified on AWS.**" in page) == ("| Region | none" in page)


def test_one_id_alone_is_tried_and_writes_no_page(addresses_file, capsys):
    before = (ROOT / "docs/verified.md").read_bytes()
    code = main(["--probe", str(addresses_file), "--ids", "wrapper-gets-interpreter"])

    assert code == 0
    assert "holds         wrapper-gets-interpreter (url)" in capsys.readouterr().out
    assert (ROOT / "docs/verified.md").read_bytes() == before


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to try: name URL, STREAM_URL, STACK or PROBE"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--ids", "no-such-id"], "no probe for no-such-id; see docs/assumptions.md"),
        (["--ids", "always-deploy"], "no probe for always-deploy"),
        (["--url", "nonsense"], "'nonsense' is no address like https://..."),
        (["--url", f"http://127.0.0.1:{free_port()}/"], "service-rest: nothing answers at"),
        (["--url", "http://127.0.0.1:1/", "--stream-url", OF_AWS], "one at a time"),
        (["--url", "http://[::1/"], "an address is none: Invalid IPv6 URL"),
        (["--probe", __file__], "the file has no line `streaming_url: http://...`"),
    ],
)
def test_options_that_lead_nowhere_get_one_line_and_exit_code_2(arguments, said, tmp_path):
    ended = run(*arguments, "--page", tmp_path / "page.md")

    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.startswith("verify: ")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "page.md").exists()


def test_make_passes_each_option_on(tmp_path):
    values = {
        "URL": "http://a b",
        "STREAM_URL": "u",
        "STACK": "s",
        "PROBE": "p",
        "REGION": "r",
        "IDS": "i",
        "SLOW": "1",
        "PAGE": str(tmp_path / "a page.md"),
    }
    command = ["make", "--dry-run", "verify", "VENV=.venv-none", f"PYTHON={sys.executable}"]
    command += [f"{name}={value}" for name, value in values.items()]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    line = said.replace("\\\n", " ").split("-m verify_aws")[1]
    assert '--url "http://a b"' in line
    assert f'--page "{tmp_path}/a page.md"' in line
    for option in ("--stream-url", "--stack", "--probe", "--region", "--ids", "--slow"):
        assert option in line
