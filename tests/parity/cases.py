"""Which handlers, in which environments? And what both clients made of each."""

from __future__ import annotations

import ast
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.parity.platform import Request
from tests.parity.running import OURS, STOCK, Outcome, run
from tests.parity.starts import STARTS

STARTS_THEME = "starts"
HANDLERS = Path(__file__).parent / "handlers"
DISPATCH = "dispatch.handler"
# The environments, beside the usual one, by the name that stands behind the @ of a case.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "": {},
    "python3.11": {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"},
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    "telemetry": {},
    "json-telemetry": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
}
for level in ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"):
    ENVIRONMENTS[level.lower()] = {"AWS_LAMBDA_LOG_LEVEL": level}
    ENVIRONMENTS[f"json-{level.lower()}"] = {
        "AWS_LAMBDA_LOG_LEVEL": level,
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
    }
# The environments that say how a function logs.
LEVELS = [
    name for name in ENVIRONMENTS if name not in ("python3.11", "telemetry", "json-telemetry")
]


@dataclass(frozen=True)
class Case:
    """One handler in one environment. `theme` is the module, `name` the function."""

    theme: str
    name: str
    environment: str = ""

    def __str__(self) -> str:
        return f"{self.theme}.{self.name}" + (f"@{self.environment}" if self.environment else "")


@dataclass(frozen=True)
class Theme:
    """A module of handlers, all of them served by one process for each environment."""

    name: str
    environments: tuple[str, ...] = ("",)
    requests: dict[str, Request] = field(default_factory=dict, hash=False)

    def functions(self) -> list[str]:
        tree = ast.parse((HANDLERS / f"{self.name}.py").read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [
            node.name
            for node in tree.body
            if isinstance(node, functions) and [each.arg for each in node.args.args] == EXPECTED
        ]

    def cases(self) -> Iterator[Case]:
        for environment in self.environments:
            for name in self.functions():
                yield Case(self.name, name, environment)

    def request(self, name: str) -> Request:
        if payload := FRONTS.get(name.partition("_")[0]):
            return Request(f"{self.name}.{name}", json.dumps(payload).encode())
        return self.requests.get(name) or Request(f"{self.name}.{name}")


EXPECTED = ["event", "context"]


def request(name: str, body: bytes = b"{}", **headers: str | None) -> Request:
    """Returns a request for the case `name`; underscores in names of headers become hyphens."""
    named = {header.replace("_", "-"): value for header, value in headers.items()}
    return Request(name, body, {f"Lambda-Runtime-{key}": value for key, value in named.items()})


CLIENT = json.dumps(
    {
        "client": {"installation_id": "i", "app_title": "t", "other": 1},
        "custom": {"a": 1},
        "env": {"locale": "de"},
        "w3c": {"traceparent": "00-1-2-01", "tracestate": 5, "baggage": "a=b", "more": "x"},
    }
)
CONTEXTS = {
    "everything": request(
        "contexts.everything",
        Client_Context=CLIENT,
        Cognito_Identity='{"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}',
        Aws_Tenant_Id="tenant",
        Trace_Id="Root=1-2-3;Sampled=1",
    ),
    "representation": request(
        "contexts.representation", Client_Context=CLIENT, Cognito_Identity="{}", Aws_Tenant_Id="t"
    ),
    "client_without_w3c": request("contexts.client_without_w3c", Client_Context='{"env": {}}'),
    "empty_client": request("contexts.empty_client", Client_Context="{}"),
    "client_that_is_null": request("contexts.client_that_is_null", Client_Context="null"),
    "client_that_is_no_json": request("contexts.client_that_is_no_json", Client_Context="{"),
    "client_that_is_a_list": request("contexts.client_that_is_a_list", Client_Context="[1]"),
    "identity_that_is_no_json": request("contexts.identity_that_is_no_json", Cognito_Identity="x"),
    "identity_that_is_null": request("contexts.identity_that_is_null", Cognito_Identity="null"),
    "trace": request("contexts.trace", Trace_Id="Root=1-5759e988-bd862e3fe1be46a994272793"),
    "past_deadline": request("contexts.past_deadline", Deadline_Ms="1000"),
    "tenant_in_a_log_line": request("contexts.tenant_in_a_log_line", Aws_Tenant_Id="tenant"),
    "invocation_id": request("contexts.invocation_id", Invocation_Id="an-id"),
    "invocation_id_of_an_error": request(
        "contexts.invocation_id_of_an_error", Invocation_Id="an-id"
    ),
}
BODIES = {
    "an_object": b'{"a": {"b": [1, 2.5, null, true, "x"]}}',
    "beyond_ascii": '{"ü": "漢字 😀"}'.encode(),
    "escapes": rb'{"a": "\u00fc\ud83d\ude00\n\/"}',
    "lone_surrogate": rb'["\ud800"]',
    "byte_order_mark": b'\xef\xbb\xbf{"a": 1}',
    "utf_16": '{"a": 1}'.encode("utf-16"),
    "utf_32": '{"a": 1}'.encode("utf-32-le"),
    "invalid_utf_8": b'{"a": "\xff"}',
    "no_json": b"plain text",
    "cut_short": b'{"a": ',
    "two_values": b"{} {}",
    "single_quotes": b"{'a': 1}",
    "trailing_comma": b'{"a": 1,}',
    "control_character": b'{"a": "\x01"}',
    "empty": b"",
    "white_space": b" \n ",
    "white_space_around": b' \n\t{"a": 1}\r\n',
    "a_number": b"7",
    "a_text": b'"text"',
    "null": b"null",
    "true": b"true",
    "minus_zero": b"[-0, -0.0]",
    "numbers": b"[1e400, 1E5, 0.1, 12345678901234567890, 1.0]",
    "huge_number": b"1" * 5000,
    "not_a_number": b"[NaN, Infinity, -Infinity]",
    "leading_zero": b"[01]",
    "same_key_twice": b'{"a": 1, "a": 2}',
    "nested_500_deep": b"[" * 500 + b"]" * 500,
    "nested_5000_deep": b"[" * 5000 + b"]" * 5000,
    "nested_100000_deep": b"[" * 100_000 + b"]" * 100_000,
    "large": json.dumps({"rows": ["x" * 1000] * 2000}).encode(),
}
PAYLOADS = {name: Request(f"payloads.{name}", body) for name, body in BODIES.items()}
OF_ANOTHER_TYPE = {
    "text_of_another_type": Request(
        "payloads.text_of_another_type", b'{"a": 1}', {"Content-Type": "text/plain"}
    ),
    "bytes_of_another_type": Request(
        "payloads.bytes_of_another_type", b"\x00\xff", {"Content-Type": "application/octet-stream"}
    ),
    "json_with_a_charset": Request(
        "payloads.json_with_a_charset",
        b'{"a": 1}',
        {"Content-Type": "application/json; charset=utf-8"},
    ),
}
PAYLOADS.update(OF_ANOTHER_TYPE)
# Payloads by the text before the first underscore of a case of `fronts`.
FRONTS = {
    "alb": {"httpMethod": "GET", "path": "/", "requestContext": {"elb": {"targetGroupArn": "a"}}},
    "api": {
        "version": "2.0",
        "requestContext": {
            "http": {"method": "GET", "path": "/"},
            "domainName": "x.execute-api.eu-west-1.amazonaws.com",
        },
    },
    "queue": {"Records": [{"messageId": "id", "body": "x", "eventSource": "aws:sqs"}]},
    "authorizer": {"type": "TOKEN", "authorizationToken": "t", "methodArn": "arn"},
}
THEMES = {
    theme.name: theme
    for theme in [
        Theme("results", ("", "python3.11")),
        Theme("errors", ("", "json", "telemetry")),
        Theme("logs", (*LEVELS, "telemetry", "json-telemetry")),
        Theme("environment"),
        Theme("fronts"),
        Theme("contexts", requests=CONTEXTS),
        Theme("payloads", ("", "python3.11"), requests=PAYLOADS),
        Theme("processes"),
    ]
}


def cases_of(*themes: str) -> list[Case]:
    cases = []
    for theme in themes:
        if theme == STARTS_THEME:
            cases += [Case(theme, name) for name in STARTS]
        else:
            cases += THEMES[theme].cases()
    return cases


@cache
def outcomes(case: Case) -> tuple[Outcome, Outcome]:
    """Returns what the stock client and ours made of a case."""
    if case.theme == STARTS_THEME:
        return _alone(case.name)
    stock, ours = _shared(case.theme, case.environment)
    return stock[case.name], ours[case.name]


def _alone(name: str) -> tuple[Outcome, Outcome]:
    """Runs a function of its own, in the same folder for both clients."""
    start = STARTS[name]
    both = []
    with tempfile.TemporaryDirectory() as folder:
        for path, source in start.files.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source, "utf-8")
        for client in (STOCK, OURS):
            numbers = range(1, start.invocations + 1)
            found = run(
                client,
                task_root=Path(folder),
                handler=start.handler,
                script=[Request(f"{STARTS_THEME}.{name}-{number}") for number in numbers],
                environ=start.environ,
            )
            both.append(Outcome.joined(found))
    stock, ours = both
    return stock, ours


@cache
def _shared(theme_name: str, environment: str) -> list[dict[str, Outcome]]:
    theme = THEMES[theme_name]
    names = theme.functions()
    both = []
    for client in (STOCK, OURS):
        found: list[Outcome] = []
        while len(found) < len(names):  # a case may end the process, and the next begins another
            found += run(
                client,
                task_root=HANDLERS,
                handler=DISPATCH,
                script=[theme.request(name) for name in names[len(found) :]],
                environ=ENVIRONMENTS[environment],
                with_telemetry=environment.endswith("telemetry"),
            )[1:]
        both.append(dict(zip(names, found, strict=True)))
    return both
