"""Plants a token in each kind of place that a test run can leak into, and lets it be found."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import leaks
import pytest
import requests

from local_lambda import Emulator
from local_lambda.witness import VARIABLE
from tests.support.paths import ROOT
from tests.support.waiting import eventually

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Leaky:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.handler
      Runtime: python3.13
      FunctionUrlConfig: {AuthType: NONE}
      Environment: {Variables: {UPSTREAM_TOKEN: TOKEN_OF_THE_FUNCTION}}
"""
CODE = """
import json, logging, os

def handler(event, context):
    token = event["headers"].get("authorization", "").removeprefix("Bearer ")
    place = event["rawPath"].strip("/")
    if place == "print":
        print("somebody came with", token)
    if place == "record":
        logging.getLogger().error("refused %s", json.dumps({"token": token}))
    if place == "variable":
        print(dict(os.environ)["UPSTREAM_TOKEN"])
    if place == "metric":
        metrics = [{"Namespace": "N", "Dimensions": [["Who"]], "Metrics": [{"Name": "Calls"}]}]
        print(json.dumps({"_aws": {"CloudWatchMetrics": metrics}, "Who": token, "Calls": 1}))
    if place == "exception":
        raise ValueError("cannot serve " + token)
    if place == "handed-out":
        body = json.dumps({"token": os.environ["UPSTREAM_TOKEN"][::-1]})
        return {"statusCode": 201, "body": body}
    if place == "header":
        return {"statusCode": 200, "headers": {"X-Seen": token}, "body": "ok"}
    if place == "error":
        return {"statusCode": 403, "body": json.dumps({"detail": "not for " + token})}
    if place == "event":
        headers = {"Content-Type": "text/event-stream"}
        return {"statusCode": 200, "headers": headers, "body": "data: " + token + "\\n\\n"}
    return {"statusCode": 200, "body": "ok"}
"""
PLACES = ["print", "record", "variable", "metric", "exception", "header", "error", "event"]


class Run(NamedTuple):
    """A run of the emulator: what it kept, and the token of each place."""

    folder: Path
    tokens: dict[str, str]

    def lines(self, kind):
        texts = (path.read_text("utf-8") for path in (self.folder / kind).iterdir())
        return "".join(texts).splitlines()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Requests each place once, with a token of its own."""
    folder = tmp_path_factory.mktemp("leaky")
    tokens = {place: secrets.token_urlsafe(33) for place in [*PLACES, "handed-out", "nowhere"]}
    (folder / "code").mkdir()
    (folder / "code/app.py").write_text(CODE)
    template = folder / "template.yaml"
    template.write_text(TEMPLATE.replace("TOKEN_OF_THE_FUNCTION", tokens["variable"]))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, str(folder / "kept"))
        with Emulator(template) as emulator:
            url = emulator.url("leaky").rstrip("/")
            for place in tokens:
                presented = tokens["nowhere" if place in ("variable", "handed-out") else place]
                headers = {"Authorization": f"Bearer {presented}"}
                requests.get(f"{url}/{place}", headers=headers, timeout=20)
            eventually(lambda: emulator.log.count("REPORT") >= len(tokens))
    tokens["handed-out"] = tokens["variable"][::-1]
    return Run(folder / "kept", tokens)


@pytest.mark.parametrize("place", PLACES)
def test_a_token_is_found_wherever_it_leaks(run, place):
    searcher = leaks.Searcher([run.tokens[place]])

    assert any(searcher.longest(line) for line in run.lines("said"))


@pytest.mark.parametrize("place", ["handed-out", "nowhere"])
def test_a_token_that_is_only_presented_or_handed_out_is_no_leak(run, place):
    searcher = leaks.Searcher([run.tokens[place]])

    assert not any(searcher.longest(line) for line in run.lines("said"))


def test_every_token_that_came_by_is_known(run):
    assert set(run.tokens.values()) <= set(run.lines("secrets"))


def test_the_search_of_such_a_run_fails_and_prints_no_token(run):
    command = [sys.executable, str(ROOT / "scripts/leaks.py"), str(run.folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    searched = re.search(r"searched for (\d+) secrets", ended.stdout)
    assert searched
    assert int(searched[1]) >= len(run.tokens)
    assert not [token for token in run.tokens.values() if token in ended.stdout]


TESTS = """
import logging, secrets, sys
from tests.support.witness import Heard, note_secret

OUTPUT, ERRORS, FAILURE, READ, READ_BYTES, HEARD, NOWHERE = {tokens!r}
for token in (OUTPUT, ERRORS, FAILURE, READ, READ_BYTES, HEARD, NOWHERE):
    note_secret(token)

def test_output():
    print(OUTPUT)
    print(ERRORS, file=sys.stderr)

def test_record():
    logging.getLogger("a").warning("%s", secrets.token_urlsafe(32))

def test_what_it_reads_itself(capsys):
    print(READ)
    assert capsys.readouterr().out == READ + "\\n"

def test_bytes_that_it_reads_itself(capfdbinary):
    sys.stderr.write(READ_BYTES)
    sys.stderr.flush()
    assert capfdbinary.readouterr().err == READ_BYTES.encode()

def test_a_log_of_its_own():
    stream = Heard()
    logger = logging.Logger("own")
    logger.addHandler(logging.StreamHandler(stream))
    logger.error("%s", HEARD)
    assert HEARD in stream.getvalue()

def test_failure():
    assert FAILURE == "another"
"""


def test_a_token_is_found_in_what_a_test_prints_logs_and_fails_with(tmp_path):
    tokens = [secrets.token_urlsafe(33) for _ in range(7)]
    kept = tmp_path / "kept"
    (tmp_path / "test_planted.py").write_text(TESTS.format(tokens=tokens))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-p", "tests.support.witness", "--rootdir", str(tmp_path), "-c", os.devnull]
    environ = {**os.environ, VARIABLE: str(kept)}
    environ.pop("PYTEST_XDIST_WORKER", None)
    ended = subprocess.run(
        [*command, str(tmp_path / "test_planted.py")],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    known = Run(kept, {}).lines("secrets")
    made = set(known) - set(tokens)
    assert set(tokens) < set(known)
    assert len(made) == 1
    said = Run(kept, {}).lines("said")
    found = {each for each in known if any(map(leaks.Searcher([each]).longest, said))}

    assert found == {*tokens[:-1], *made}
