"""Does docs/conformance.md say what the code does? Options, checks, levels, JSON."""

import json
import re
from pathlib import Path

from sse_conformance.checks import GROUPS
from sse_conformance.checks.check import passed
from sse_conformance.command import parser
from sse_conformance.report import as_json
from sse_conformance.run import Outcome, Report
from tests.support.pages import table
from tests.support.paths import ROOT

HERE = Path(__file__).parent
PAGE = ROOT / "docs/conformance.md"


def level_of(check):
    level = check.level
    if check.promised_by:
        level += f"; promise with `{check.promised_by}`"
    return level + (f", needs `{check.needs}`" if check.needs else "")


def test_the_page_has_every_check_with_its_level_rule_and_source():
    for title, checks in GROUPS:
        said = [tuple(row) for row in table(PAGE, title)]
        assert said == [
            (
                f"`{check.id}`",
                level_of(check),
                f"{check.title}: {check.rule} ([source]({check.source}))",
            )
            for check in checks
        ]


def test_the_page_has_every_option_with_its_default():
    actions = [
        each for each in parser()._actions if each.option_strings not in ([], ["-h", "--help"])
    ]
    said = {row[0].strip("`"): row[1].strip("`") for row in table(PAGE, "Options")}

    assert list(said) == [each.option_strings[0] for each in actions]
    for each in actions:
        if isinstance(each.default, float) or (each.default and isinstance(each.default, str)):
            shown = f"{each.default:g}" if isinstance(each.default, float) else each.default
            assert said[each.option_strings[0]] == shown


def test_the_json_of_the_page_has_the_fields_of_a_report():
    example = re.search(r"^```json\n(.+?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    said = json.loads(example[1])
    check = GROUPS[0][1][0]
    made = json.loads(as_json(Report("u", "t", [Outcome(check, "must", passed())]), strict=False))

    assert list(said) == list(made)
    assert list(said["checks"][0]) == list(made["checks"][0])
    assert said["format"] == made["format"]
    assert said["counts"].keys() == made["counts"].keys()


def test_every_check_is_failed_by_a_broken_server_of_its_own():
    broken = set()
    for path in HERE.glob("test_*.py"):
        for checks in re.findall(r"^@breaks\(([^)]*)", path.read_text("utf-8"), re.MULTILINE):
            broken |= set(re.findall(r'"([^"]+)"', checks))

    # test_judging.py judges bytes for the one, test_promises.py has a URL for the other.
    assert {check.id for _, checks in GROUPS for check in checks} - broken == {"cuts", "auth-url"}


def test_no_check_has_the_id_of_another():
    ids = [check.id for _, checks in GROUPS for check in checks]

    assert len(ids) == len(set(ids))
