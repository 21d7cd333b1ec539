"""What is wrong with a command that a page shows, as far as that can be told without running it?"""

import argparse
import contextlib
import io
import re
import shlex
import subprocess
import sys
from functools import cache

import botocore.session
from botocore import xform_name

from local_lambda import check, command
from local_lambda.events import command as events
from sse_conformance import command as conformance
from tests.support.paths import ROOT

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
CONFTEST = (ROOT / "tests/conftest.py").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"\$\(([A-Z_]+)\)", MAKEFILE))
OF_READERS = {"test_app.py"}
# Options of the AWS CLI's own, and commands of it that are no operation of an API.
GLOBAL = {"query", "output", "region", "profile", "endpoint-url", "no-cli-pager"}
MADE_BY_THE_CLI = {("cloudformation", "deploy"), ("cloudformation", "package")}
ITS_OWN_OPTIONS = {"zip-file"}


def problem(text: str) -> str:
    """Returns a sentence for a command that cannot work, else nothing."""
    found = []
    for part in re.split(r"\s&&\s|\s\|\s", text):
        words = shlex.split(part, comments=True)
        found.append(_CHECKS.get(words[0].rpartition("/")[2], _anything)(words))
    return "; ".join(filter(None, found))


def _anything(words: list[str]) -> str:
    return ""


def _make(words: list[str]) -> str:
    words = words[3:] if words[1:2] == ["-C"] else words[1:]
    variables = {word.partition("=")[0] for word in words if "=" in word}
    unknown = sorted({word for word in words if "=" not in word} - TARGETS)
    unknown += sorted(variables - VARIABLES)
    return f"make does not know {unknown}" if unknown else ""


def _local_lambda(words: list[str]) -> str:
    parsers = {"check": check.parser, "event": events.parser}
    kind = words[1] if len(words) > 1 else ""
    parser = parsers.get(kind, command.parser)()
    return _parsed(parser, words[2:] if kind in parsers else words[1:])


def _parsed(parser: argparse.ArgumentParser, words: list[str]) -> str:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser.parse_args(words)
    except SystemExit:
        return said.getvalue()
    return ""


def _python(words: list[str]) -> str:
    if words[1:3] == ["-m", "sse_conformance"]:
        return _parsed(conformance.parser(), words[3:])
    if words[1:2] == ["-m"] and words[2].startswith("benchmarks."):
        told = _help_of(words[2])
        unknown = [word for word in words if word.startswith("--") and word not in told]
        return f"{words[2]} has no {unknown}" if unknown else ""
    paths = [word for word in words[1:] if word.endswith(".py")]
    missing = [path for path in paths if path not in OF_READERS and not (ROOT / path).is_file()]
    sources = [
        CONFTEST,
        *(
            (ROOT / path).read_text("utf-8")
            for path in paths
            if path not in missing and path not in OF_READERS
        ),
    ]
    options = [word for word in words if word.startswith("--")]
    unknown = [each for each in options if not any(f'"{each}"' in text for text in sources)]
    return f"unknown: {missing + unknown}" if missing or unknown else ""


@cache
def _help_of(module: str) -> str:
    asked = [sys.executable, "-m", module, "--help"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _aws(words: list[str]) -> str:
    service, operation = words[1:3]
    if (service, operation) in MADE_BY_THE_CLI:
        return ""
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return f"aws {service} has no {operation}"
    api = model.operation_model(names[operation])
    if api.has_event_stream_output:
        return f"the AWS CLI leaves {operation} out, since its output is a stream"
    known = {xform_name(name, "-") for name in api.input_shape.members} | GLOBAL | ITS_OWN_OPTIONS
    unknown = [word for word in words if word.startswith("--") and word[2:] not in known]
    return f"aws {service} {operation} has no {unknown}" if unknown else ""


_CHECKS = {"make": _make, "local-lambda": _local_lambda, "python": _python, "aws": _aws}
