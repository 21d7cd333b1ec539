"""Tests `make audit`: what is vulnerable fails it, and what nobody could audit is never clean."""

import datetime
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import audit
import lock
import pytest

from tests.support.paths import ROOT
from tests.support.tools import audit_python

TODAY = datetime.date(2026, 11, 30)
ONE, TWO = ("one", "1.0"), ("two", "2.0")
LISTED = {ONE: ["a.txt"], TWO: ["a.txt", "b.txt"]}
KNOWN = {"id": "PYSEC-2026-7", "aliases": ["CVE-2026-7"], "fix_versions": ["1.1"]}
SKIPPED = {"name": "two", "skip_reason": "Dependency not found on PyPI and could not be audited"}
CLEAN = {"name": "two", "version": "2.0", "vulns": []}
PIN = "{}=={} --hash=sha256:" + "a" * 64 + "\n"


def answer(*dependencies):
    return json.dumps({"dependencies": list(dependencies), "fixes": []})


def bad(*vulnerabilities):
    return {"name": "One", "version": "1.0", "vulns": list(vulnerabilities)}


def result(output, accepted=(), is_required=False):
    report = audit.report_of([ONE, TWO], output)
    lines, is_passed = audit.told(report, LISTED, list(accepted), TODAY, is_required)
    return lines, is_passed


def acceptance(until, name="CVE-2026-7", package="one"):
    return audit.Acceptance(name, package, "no server is started", until)


@pytest.mark.parametrize("is_required", [False, True])
def test_packages_without_vulnerabilities_pass(is_required):
    lines, is_passed = result(answer(bad(), CLEAN), is_required=is_required)

    assert is_passed
    assert lines == [
        "audit: 2 packages of 2 lists: 2 clean, 0 vulnerabilities, 0 accepted, "
        "0 packages not audited"
    ]


def test_a_vulnerability_fails_it_and_is_named_with_its_lists_and_the_version_that_mends_it():
    lines, is_passed = result(answer(bad(KNOWN), CLEAN))

    assert not is_passed
    assert lines[0] == ("VULNERABLE: one 1.0: PYSEC-2026-7, CVE-2026-7; fixed in 1.1; in a.txt")
    assert "1 clean, 1 vulnerabilities" in lines[-1]


@pytest.mark.parametrize(
    ("accepted", "is_passed"),
    [
        (acceptance(TODAY), True),
        (acceptance(TODAY, name="PYSEC-2026-7"), True),
        (acceptance(TODAY - datetime.timedelta(days=1)), False),
        (acceptance(TODAY, name="CVE-2026-8"), False),
        (acceptance(TODAY, package="two"), False),
    ],
)
def test_only_what_is_accepted_by_name_for_this_package_passes_and_until_its_day(
    accepted, is_passed
):
    lines, passed = result(answer(bad(KNOWN), CLEAN), [accepted])

    assert passed is is_passed
    assert lines[0].startswith("accepted" if is_passed else "VULNERABLE")


def test_a_second_vulnerability_of_an_accepted_package_fails():
    other = {"id": "PYSEC-2026-9", "fix_versions": []}

    assert not result(answer(bad(KNOWN, other), CLEAN), [acceptance(TODAY)])[1]


@pytest.mark.parametrize(
    ("output", "count"),
    [
        (answer(bad(), SKIPPED), 1),
        (answer(bad()), 1),
        (answer(bad(), CLEAN | {"version": "1.9"}), 1),
        (answer(bad(), {"name": "two", "version": "2.0"}), 1),
        (answer(), 2),
        ("", 2),
        ("null", 2),
        ('{"dependencies": null}', 2),
        ("Traceback", 2),
    ],
)
def test_what_was_not_audited_is_never_clean_and_fails_where_the_audit_is_required(output, count):
    lines, is_passed = result(output)

    assert is_passed
    assert f"{2 - count} clean" in lines[-1]
    assert f"{count} packages COULD NOT BE AUDITED" in lines[-1]
    assert not result(output, is_required=True)[1]


def test_the_last_error_of_pip_audit_is_the_reason():
    report = audit.report_of([ONE], "", "WARNING: x\nERROR: no connection\n")

    assert report.not_audited == {ONE: "ERROR: no connection"}


def test_two_versions_of_a_package_are_asked_for_in_two_rounds():
    assert audit.rounds([TWO, ("one", "1.1"), ONE]) == [[ONE, TWO], [("one", "1.1")]]


@pytest.mark.parametrize(
    "text",
    [
        '[[accepted]]\nid = "A"\npackage = "b"\nreason = " "\nuntil = 2027-01-01',
        '[[accepted]]\nid = "A"\npackage = "b"\nreason = "c"',
        '[[accepted]]\nid = "A"\npackage = "b"\nreason = "c"\nuntil = "2027-01-01"',
        "[[accepted",
    ],
)
def test_an_acceptance_without_reason_or_day_is_refused(tmp_path, text):
    path = tmp_path / "accepted.toml"
    path.write_text(text)

    with pytest.raises(audit.AuditError):
        audit.acceptances(path)


def test_the_accepted_ones_of_this_repository_can_be_read():
    assert all(each.reason for each in audit.acceptances())


def test_every_pinned_list_of_the_repository_is_audited():
    pinned = {
        str(path.relative_to(ROOT))
        for folder in (ROOT, *(ROOT / name for name in ("examples", "layers/dependencies")))
        for path in folder.glob("requirements*.txt")
    }
    for folder in (".ci", "benchmarks", "docs", "tests"):
        paths = (ROOT / folder).rglob("requirements*.txt")
        pinned |= {str(path.relative_to(ROOT)) for path in paths if "corpus" not in path.parts}

    assert {each.path for each in lock.LISTS} == pinned


FAKE = """
import pathlib, sys
listed = pathlib.Path(sys.argv[sys.argv.index("--requirement") + 1]).read_text()
print(pathlib.Path(__file__).with_name("answer.json").read_text())
sys.exit(1 if "vulns" in listed else 0)
"""


def run(folder, output, *options):
    """Runs the command with a pip-audit that prints `output`."""
    (folder / "pip_audit").mkdir()
    (folder / "pip_audit/__main__.py").write_text(FAKE)
    (folder / "pip_audit/answer.json").write_text(output)
    (folder / "list.txt").write_text(PIN.format("one", "1.0") + PIN.format("two", "2.0"))
    command = [sys.executable, str(ROOT / "scripts/audit.py"), *options, str(folder / "list.txt")]
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("output", "options", "code"),
    [
        (answer(bad(), CLEAN), ["--required"], 0),
        (answer(bad(), SKIPPED), [], 0),
        (answer(bad(), SKIPPED), ["--required"], 1),
        (answer(bad(KNOWN), CLEAN), [], 1),
        ("broken", [], 0),
        ("broken", ["--required"], 1),
    ],
)
def test_the_exit_code_tells(tmp_path, output, options, code):
    ended = run(tmp_path, output, *options)

    assert (ended.returncode, ended.stderr) == (code, "")
    assert ended.stdout.splitlines()[-1].startswith("audit: 2 packages of 1 lists: ")


def test_a_list_that_pins_nothing_is_refused(tmp_path):
    (tmp_path / "list.txt").write_text("one>=1\n")
    command = [sys.executable, str(ROOT / "scripts/audit.py"), str(tmp_path / "list.txt")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "is not pinned" in ended.stderr


class _Service(BaseHTTPRequestHandler):
    """Knows one vulnerability of `one`, in the format of https://google.github.io/osv.dev/api."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        package = {"name": "one", "ecosystem": "PyPI"}
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}]
        known = {
            "id": "PYSEC-2026-7",
            "aliases": ["CVE-2026-7"],
            "details": "",
            "affected": [{"package": package, "ranges": ranges}],
        }
        body = json.dumps({"vulns": [known]} if asked["package"]["name"] == "one" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_real_pip_audit_writes_what_is_read_here(tmp_path):
    server = HTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "list.txt").write_text("one==1.0\ntwo==2.0\n")
    command = [str(audit_python()), *audit.COMMAND, "--requirement", str(tmp_path / "list.txt")]
    command += ["--vulnerability-service=osv", f"--osv-url=http://127.0.0.1:{server.server_port}/"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    server.shutdown()
    report = audit.report_of([ONE, TWO], ended.stdout, ended.stderr)

    assert report.not_audited == {}
    assert report.vulnerable == [audit.Vulnerability(ONE, ("PYSEC-2026-7", "CVE-2026-7"), ("1.1",))]
