"""Says what would be served of a template and what not: `local-lambda check`. Starts nothing.

The exit status is 0 where any function can be served. It is 1 where none can, and with `--strict`
where anything was found; 2 is for wrong options.
"""

import argparse
import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from local_lambda.application import Api, Application, Finding, Function
from local_lambda.template import template
from local_lambda.template.text import TemplateError
from local_lambda.template_options import (
    DEFAULT_REGION,
    TemplateRequest,
    add_template_options,
    template_request,
)

_NOTHING = "no function of this template can be served"
_KINDS = {"rest": "REST API", "http": "HTTP API"}
# Stands for the addresses that only a start knows.
_ADDRESS = "http://127.0.0.1:8000"


class _Parser(argparse.ArgumentParser):
    """Parses options. With `--json` a wrong option is JSON, too."""

    def error(self, message: str) -> NoReturn:
        if "--json" in sys.argv:
            print(json.dumps(document("", error=message), indent=2))
            self.exit(2)
        super().error(message)


def parser() -> argparse.ArgumentParser:
    result = _Parser(
        prog="local-lambda check",
        description="Says what would be served of a template and what not. Starts nothing.",
    )
    result.add_argument(
        "file", nargs="?", type=Path, metavar="TEMPLATE", help="the template, as --template"
    )
    result.add_argument("--json", action="store_true", help="print JSON")
    add_template_options(result)
    return result


def main(words: list[str]) -> int:
    """Runs `local-lambda check`. Returns the exit status."""
    arguments = parser().parse_args(words)
    if arguments.file is not None:
        arguments.template = arguments.file
    name = str(arguments.template)
    try:
        request = template_request(arguments)
        name = str(request.path)
        application = read_application(request)
    except TemplateError as error:
        return _failed(name, sentence(error), as_json=arguments.json)
    refusal = refusal_of(application, strict=arguments.strict)
    if arguments.json:
        reason = refusal.partition(":")[0]
        _say(json.dumps(document(name, application, reason), indent=2))
    else:
        _say("\n".join(described(name, application)))
        if refusal:
            print(f"local_lambda: {name}: {refusal.partition(':')[0]}", file=sys.stderr)
    return 1 if refusal else 0


def _failed(name: str, error: str, as_json: bool) -> int:
    if as_json:
        _say(json.dumps(document(name, error=error), indent=2))
    else:
        print(f"local_lambda: {name}: {error}", file=sys.stderr)
    return 1


def _say(text: str) -> None:
    """Prints to standard output, whatever its encoding, and for as long as anybody reads it."""
    if not text:
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        # Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def sentence(error: TemplateError) -> str:
    """Returns the text of an error with its advice."""
    return "; ".join(part for part in (str(error), error.advice) if part)


def read_application(request: TemplateRequest) -> Application:
    """Reads a template as a start does, with addresses in place of those that it would have.

    Raises TemplateError.
    """
    urls: dict[str, str] = {}
    while True:
        application = template.read(
            request.path,
            request.overrides,
            region=request.region or DEFAULT_REGION,
            urls=urls,
            inputs=request.inputs,
        )
        names = [name for name, function in application.functions.items() if function.url]
        names += [api.logical_id for api in application.apis]
        names += [balancer.logical_id for balancer in application.load_balancers]
        if urls.keys() >= set(names):
            return application
        urls.update(dict.fromkeys(names, _ADDRESS))


def refuse_unserved(application: Application, strict: bool) -> None:
    """Raises TemplateError if there is nothing to start, or a finding and `--strict`."""
    if refusal := refusal_of(application, strict):
        raise TemplateError(refusal)


@contextlib.contextmanager
def refusing_warnings(strict: bool) -> Iterator[None]:
    """With `--strict`, makes an error of what is logged while functions are laid out.

    That is what only the start finds on this machine: another Python, a package that cannot be
    installed, paths that are substituted. Raises TemplateError.
    """
    kept = _Kept()
    logger = logging.getLogger("local_lambda.environments")
    logger.addHandler(kept)
    try:
        yield
    finally:
        logger.removeHandler(kept)
    if strict and kept.texts:
        lines = "\n  ".join(kept.texts)
        raise TemplateError(f"--strict makes an error of what differs on this machine:\n  {lines}")


class _Kept(logging.Handler):
    """Keeps the texts of warnings and errors, each once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if (text := record.getMessage()) not in self.texts:
            self.texts.append(text)


def refusal_of(application: Application, strict: bool) -> str:
    """Returns why a template is not started, with all findings; an empty text if it is."""
    findings = application.warnings
    if not application.functions:
        reason = _NOTHING
    elif strict and findings:
        count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        reason = f"{count}, and --strict makes each an error"
    else:
        return ""
    return "\n  ".join([f"{reason}:", *findings]) if findings else reason


def document(name: str, application: Application | None = None, error: str = "") -> dict[str, Any]:
    """Returns what `--json` prints."""
    application = application or Application()
    functions = application.functions.values()
    served = {
        "functions": [_function(function) for function in functions],
        "urls": [
            {
                "function": each.logical_id,
                "mode": "RESPONSE_STREAM" if each.url.streaming else "BUFFERED",
                "auth": "AWS_IAM" if each.url.iam else "NONE",
            }
            for each in functions
            if each.url
        ],
        "apis": [
            {
                "id": api.logical_id,
                "kind": api.kind,
                "stage": api.stage,
                "routes": [
                    {
                        "method": route.method,
                        "path": route.path,
                        "function": route.function,
                        "streaming": route.streaming,
                        "authorizer": route.authorizer.name if route.authorizer else None,
                    }
                    for route in api.routes
                ],
            }
            for api in application.apis
        ],
        "load_balancers": [
            {"id": each.logical_id, "rules": len(each.rules)} for each in application.load_balancers
        ],
        "tables": [
            {"id": each.logical_id, "name": each.name} for each in application.tables.values()
        ],
        "mappings": [
            {"function": each.function, "table": each.table} for each in application.mappings
        ],
        "events": [
            {"function": each.function, "name": each.name, "kind": each.kind}
            for each in application.events
        ],
    }
    findings = [asdict(finding) for finding in dict.fromkeys(application.findings)]
    return {"template": name, "served": served, "findings": findings, "error": error or None}


def _function(function: Function) -> dict[str, Any]:
    return {
        "id": function.logical_id,
        "name": function.name,
        "runtime": function.runtime,
        "handler": function.handler,
        "timeout_s": function.timeout_s,
        "memory_mb": function.memory_mb,
    }


def described(name: str, application: Application) -> Iterator[str]:
    """Yields lines for people: first what is served, then the findings."""
    if application.functions:
        yield f"{name} serves"
    for function in application.functions.values():
        mode = ""
        if function.url:
            mode = ", Function URL" + (" (streaming)" if function.url.streaming else "")
        yield f"  {function.logical_id}: {function.runtime} {function.handler}{mode}"
    for api in application.apis:
        yield from _described_api(api)
    for balancer in application.load_balancers:
        rules = "1 rule" if len(balancer.rules) == 1 else f"{len(balancer.rules)} rules"
        yield f"  {balancer.logical_id}: load balancer, {rules}"
    for table in application.tables.values():
        yield f"  {table.logical_id}: table {table.name}"
    for mapping in application.mappings:
        yield f"  {mapping.function} follows the stream of {mapping.table}"
    for event in application.events:
        yield f"  {event.function}.{event.name}: {event.kind}, by `local-lambda event`"
    yield from _described_findings(name, application.findings)


def _described_api(api: Api) -> Iterator[str]:
    """Yields an API and its routes. The stage of an HTTP API stands before its paths."""
    has_name = api.kind == "http" and api.stage not in ("", "$default")
    stage = f", paths begin with /{api.stage}" if has_name else ""
    yield f"  {api.logical_id}: {_KINDS.get(api.kind, api.kind)}{stage}"
    for route in api.routes:
        streaming = " (streaming)" if route.streaming else ""
        yield f"    {route.method} {route.path}: {route.function or 'fixed'}{streaming}"


def _described_findings(name: str, findings: tuple[Finding, ...]) -> Iterator[str]:
    unserved = dict.fromkeys(str(each) for each in findings if not each.served)
    different = dict.fromkeys(str(each) for each in findings if each.served)
    if unserved:
        yield f"{name} does not serve"
        yield from (f"  {text}" for text in unserved)
    if different:
        yield f"{name} is served, but not as on AWS"
        yield from (f"  {text}" for text in different)
