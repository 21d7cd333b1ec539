"""Is docs/powertools.md true? Its tests exist, and so does all that it relies on."""

import importlib
import re
import types
from importlib.metadata import version
from operator import attrgetter

import pytest
from aws_lambda_powertools import event_handler
from streaming_runtime.adaptations import ADAPTATIONS, Adapting

from tests.support.named_tests import missing_tests, named_tests, unread
from tests.support.pages import table
from tests.support.paths import ROOT

PAGE = ROOT / "docs/powertools.md"
TABLES = ["Resolvers", "Options of routes and resolvers", "Decorators of the handler", "Utilities"]
ROWS = [row for heading in TABLES for row in table(PAGE, heading)]
RELIED_ON = table(PAGE, "What it relies on")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_row_names_its_test_or_says_why_there_is_none(row):
    _, _, streamed, test = row

    assert named_tests(test) or streamed.startswith("no test: ")
    assert not named_tests(test) or unread(test) == ""


def test_every_test_that_the_page_names_is_there():
    assert missing_tests(PAGE.read_text("utf-8")) == []


def test_every_resolver_has_its_row():
    named = {name for row in table(PAGE, "Resolvers") for name in re.findall(r"`(\w+)`", row[0])}
    offered = {name for name in event_handler.__all__ if name.endswith("Resolver")}

    assert offered <= named


def test_the_page_is_about_the_version_that_is_tested():
    installed = version("aws-lambda-powertools").rpartition(".")[0]

    assert f" {installed}:" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("row", RELIED_ON, ids=lambda row: row[0])
def test_the_installed_versions_have_what_is_relied_on(row):
    module = importlib.import_module(row[0].strip("`"))

    for name in re.findall(r"`([\w.]+)`", row[1]):
        assert attrgetter(name)(module) is not None


def test_every_adapted_module_has_its_row():
    ours = {name for name in ADAPTATIONS if name.startswith(("aws_lambda_powertools", "aws_xray"))}

    assert {row[0].strip("`") for row in RELIED_ON} == ours


@pytest.mark.parametrize("name", [row[0].strip("`") for row in RELIED_ON])
def test_another_version_of_a_module_is_named_in_the_log_and_used_as_it_is(name):
    written = []

    class Log:
        def write(self, level, message):
            written.append((level, message))

    module = types.ModuleType(name)
    before = dict(vars(module))
    Adapting(ADAPTATIONS[name], Log())(module)

    [(level, message)] = written
    assert level == "WARN"
    assert message.startswith(f"runtime.adaptation_failed: {name}: AttributeError: ")
    assert vars(module) == before
