"""Does docs/faults.md name the alarms that there are, and tests that exist?"""

import re

import pytest

from local_lambda.template.cloudformation import load
from tests.support.named_tests import missing_tests, named_tests, unread
from tests.support.pages import table
from tests.support.paths import ROOT

PAGE = ROOT / "docs/faults.md"
ALARM = re.compile(r"`(\w+Alarm)`")
HEADINGS = re.findall(
    r"^## (Faults of .+|Faults around .+)$", PAGE.read_text("utf-8"), re.MULTILINE
)
FAULTS = [row for heading in HEADINGS for row in table(PAGE, heading)]
# Nothing that runs here can be made to fail like that. Any other fault has a test.
NOT_DRIVEN = {"requests in masses, or API Gateway's throttle", "the whole region is away"}


def alarms():
    resources = load((ROOT / "template.yaml").read_text("utf-8"))["Resources"]
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def test_the_alarms_of_the_page_are_those_of_the_template_each_explained_once():
    explained = [ALARM.fullmatch(name)[1] for name, *_ in table(PAGE, "Alarms")]

    assert sorted(explained) == sorted(alarms())
    assert set(ALARM.findall(PAGE.read_text("utf-8"))) == set(alarms())


def test_every_alarm_tells_of_a_fault():
    telling = {name for _, _, _, alarm, _ in FAULTS for name in ALARM.findall(alarm)}

    assert telling == set(alarms())


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row[0])
def test_every_fault_says_what_is_seen_and_lost_which_alarm_tells_and_which_test_proves_it(row):
    fault, seen, lost, alarm, test = row

    assert fault
    assert seen
    assert lost
    assert ALARM.search(alarm) or alarm.startswith("none: ")
    if fault in NOT_DRIVEN:
        assert test.startswith("no test: ")
    else:
        assert named_tests(test)
        assert unread(test) == ""


def test_the_faults_that_nothing_drives_are_those_of_the_list_and_each_fault_stands_once():
    faults = [row[0] for row in FAULTS]

    assert len(set(faults)) == len(faults)
    assert {row[0] for row in FAULTS if not named_tests(row[4])} == NOT_DRIVEN


def test_every_test_that_the_page_names_is_there():
    assert missing_tests(PAGE.read_text("utf-8")) == []


def test_the_costs_count_the_metrics_that_the_alarms_watch():
    watched = 0
    for alarm in alarms().values():
        queries = alarm.get("Metrics") or [{"MetricStat": alarm}]
        watched += sum("MetricStat" in each for each in queries)
    costs = (ROOT / "docs/cost.md").read_text("utf-8")
    (said,) = re.findall(r"for each of the (\d+) metrics that they watch\) \| \$([\d.]+)", costs)

    assert (int(said[0]), float(said[1])) == (watched, pytest.approx(watched / 10))
