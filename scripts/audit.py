"""Asks pip-audit for known vulnerabilities of every package that a pinned list names.

    python scripts/audit.py [--required]    # with the Python of .venv-audit

A package is vulnerable, clean, or could not be audited: pip-audit skips what its service does not
know, and calls that no vulnerability. So this script counts it and says so. It exits with 1 for a
vulnerability that .ci/vulnerabilities-accepted.toml does not accept, and for a list that is wrong;
with --required also when anything could not be audited. docs/security.md says what that is for.
"""

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lists import ListError, Pin, canonical, read
from lock import LISTS, ROOT

ACCEPTED = ROOT / ".ci/vulnerabilities-accepted.toml"
# Without dependencies and without pip: the lists are closed and pinned, so nothing is resolved.
COMMAND = [
    *("-m", "pip_audit", "--format=json", "--progress-spinner=off", "--no-deps", "--disable-pip"),
    *("--timeout=15", "--vulnerability-service=pypi"),
]
TIMEOUT_S = 600

Package = tuple[str, str]  # normalised name and version


@dataclass(frozen=True)
class Vulnerability:
    """One that is known. `names` are its id and all aliases."""

    package: Package
    names: tuple[str, ...]
    fixed_in: tuple[str, ...]


@dataclass(frozen=True)
class Acceptance:
    """Accepts a vulnerability of a package up to and including the day `until`."""

    name: str
    package: str
    reason: str
    until: datetime.date


@dataclass
class Report:
    """Holds what pip-audit knows. `not_audited` maps packages to reasons."""

    vulnerable: list[Vulnerability] = field(default_factory=list)
    not_audited: dict[Package, str] = field(default_factory=dict)


class AuditError(Exception):
    """Raised for a file that is wrong; the message names it."""


def rounds(packages: Iterable[Package]) -> list[list[Package]]:
    """Splits packages so that no round names one twice: pip-audit refuses a file that does."""
    result: list[dict[str, Package]] = []
    for package in sorted(packages):
        name = package[0]
        free = next((each for each in result if name not in each), None)
        if free is None:
            free = {}
            result.append(free)
        free[name] = package
    return [list(each.values()) for each in result]


def ask(packages: list[Package], python: str) -> Report:
    """Runs pip-audit on packages of different names. Nobody could audit what it does not report."""
    with tempfile.TemporaryDirectory() as directory:
        listed = Path(directory, "requirements.txt")
        # Markers are left out: a package of another platform is audited as well.
        listed.write_text("".join(f"{name}=={version}\n" for name, version in packages), "utf-8")
        command = [python, *COMMAND, "--requirement", str(listed)]
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            reason = f"pip-audit took longer than {TIMEOUT_S} s"
            return Report(not_audited=dict.fromkeys(packages, reason))
    return report_of(packages, ended.stdout, ended.stderr)


def report_of(packages: Iterable[Package], output: str, errors: str = "") -> Report:
    """Reads pip-audit's JSON. Without it nothing was audited; the last error is the reason."""
    try:
        dependencies = json.loads(output)["dependencies"]
        found = {canonical(each["name"]): each for each in dependencies}
    except (ValueError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["pip-audit printed no JSON"])[-1]
        return Report(not_audited=dict.fromkeys(packages, last))
    report = Report()
    for package in packages:
        _note(report, package, found.get(package[0]))
    return report


def _note(report: Report, package: Package, found: Mapping[str, Any] | None) -> None:
    if found is None:
        report.not_audited[package] = "pip-audit does not name it"
    elif "skip_reason" in found:
        report.not_audited[package] = str(found["skip_reason"])
    elif found.get("version") != package[1] or not isinstance(found.get("vulns"), list):
        report.not_audited[package] = "pip-audit names another version of it"
    else:
        for each in found["vulns"]:
            names = (each["id"], *each.get("aliases", ()))
            fixed_in = tuple(each.get("fix_versions", ()))
            report.vulnerable.append(Vulnerability(package, names, fixed_in))


def acceptances(path: Path = ACCEPTED) -> list[Acceptance]:
    """Reads the file. Raises AuditError for an entry without reason or date."""
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("accepted", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise AuditError(f"{path}: {error}") from error
    result = []
    for entry in entries:
        texts = [entry.get(key) for key in ("id", "package", "reason")]
        until = entry.get("until")
        is_day = isinstance(until, datetime.date) and not isinstance(until, datetime.datetime)
        if not is_day or not all(isinstance(text, str) and text.strip() for text in texts):
            raise AuditError(f"{path}: {entry!r} needs id, package, reason and until = YYYY-MM-DD")
        result.append(Acceptance(entry["id"], canonical(entry["package"]), entry["reason"], until))
    return result


def is_accepted(
    vulnerability: Vulnerability, accepted: Iterable[Acceptance], today: datetime.date
) -> bool:
    return any(
        each.package == vulnerability.package[0]
        and each.name in vulnerability.names
        and today <= each.until
        for each in accepted
    )


def named_in(pins: Mapping[str, list[Pin]]) -> dict[Package, list[str]]:
    """Maps each package to the lists that name it."""
    result: dict[Package, list[str]] = {}
    for path, each in pins.items():
        for pin in each:
            lists = result.setdefault((pin.name, pin.version), [])
            if path not in lists:
                lists.append(path)
    return result


def told(
    report: Report,
    packages: Mapping[Package, list[str]],
    accepted: list[Acceptance],
    today: datetime.date,
    is_required: bool,
) -> tuple[list[str], bool]:
    """Returns the lines to print, the summary last, and whether the audit is passed."""
    lines = []
    open_ones = 0
    for each in sorted(report.vulnerable, key=lambda each: (each.package, each.names)):
        is_open = not is_accepted(each, accepted, today)
        open_ones += is_open
        name, version = each.package
        word = "VULNERABLE" if is_open else "accepted"
        fixed = f"fixed in {', '.join(each.fixed_in)}" if each.fixed_in else "no fixed version"
        where = ", ".join(packages[each.package])
        lines.append(f"{word}: {name} {version}: {', '.join(each.names)}; {fixed}; in {where}")
    lines += [f"no longer accepted: {each.name}" for each in accepted if today > each.until]
    skipped = len(report.not_audited)
    if skipped:
        name_and_version, reason = next(iter(report.not_audited.items()))
        shown = " ".join(reason.split())[:160]
        lines.append(f"not audited: {' '.join(name_and_version)} and others: {shown}")
    vulnerable = {each.package for each in report.vulnerable}
    clean = len(packages) - skipped - len(vulnerable)
    lists = len({path for paths in packages.values() for path in paths})
    summary = (
        f"audit: {len(packages)} packages of {lists} lists: {clean} clean, {open_ones} "
        f"vulnerabilities, {len(report.vulnerable) - open_ones} accepted, {skipped} packages COULD "
        "NOT BE AUDITED"
    )
    if not skipped:
        summary = summary.replace("COULD NOT BE AUDITED", "not audited")
    lines.append(summary)
    return lines, not open_ones and not (skipped and is_required) and bool(packages)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--required", action="store_true", help="fail if anything could not be audited"
    )
    parser.add_argument(
        "lists", nargs="*", default=[each.path for each in LISTS], help="others than all"
    )
    arguments = parser.parse_args()
    report = Report()
    try:
        packages = named_in({path: read(ROOT / path) for path in arguments.lists})
        accepted = acceptances()
        for each in rounds(packages):
            one = ask(each, sys.executable)
            report.vulnerable += one.vulnerable
            report.not_audited |= one.not_audited
    except (AuditError, ListError, OSError) as error:
        print(f"make audit: {error}", file=sys.stderr)
        return 1
    today = datetime.datetime.now(datetime.UTC).date()
    lines, is_passed = told(report, packages, accepted, today, arguments.required)
    print("\n".join(lines))
    return 0 if is_passed else 1


if __name__ == "__main__":
    sys.exit(main())
