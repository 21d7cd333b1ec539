"""Tests that the log is line for line that of the managed runtime: both clients run, side by side.

The stock client is awslambdaric; its output is the expectation wherever there is none here.
"""

import ast
import json

import pytest

from tests.streaming_runtime.both_clients import HERE, both

CAUSE = "lambda-runtime-function-xray-error-cause"


def cases(decorator):
    """Returns a payload for each handler in logged.py with that decorator."""
    functions = ast.parse((HERE / "logged.py").read_text()).body
    return [
        {"case": function.name}
        for function in functions
        if isinstance(function, ast.FunctionDef)
        and decorator in [ast.unparse(each) for each in function.decorator_list]
    ]


def cause_of(post):
    cause = json.loads(post.headers.get(CAUSE) or "null")
    if cause:
        cause["paths"].sort()
    return cause


ENVIRONMENTS = [
    {},
    {"AWS_LAMBDA_LOG_FORMAT": "json"},
    {"AWS_LAMBDA_LOG_LEVEL": "FATAL"},
    {"AWS_LAMBDA_LOG_LEVEL": "INFO", "with_frames": True},
    {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "TRACE", "with_frames": True},
    {"with_frames": True},
    {
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "nonsense",
    },
]


@pytest.mark.parametrize("options", ENVIRONMENTS, ids=lambda each: " ".join(each) or "text")
def test_each_way_to_log_print_and_fail_gives_the_same_lines_and_the_same_errors(options):
    payloads = cases("case")
    tenant = {"Lambda-Runtime-Aws-Tenant-Id": "tenant-1"}
    stock, ours = both("logged.handler", payloads, headers=tenant, **options)

    assert len(payloads) > 25
    assert ours.output.split("\n") == stock.output.split("\n")
    assert ours.frames == stock.frames
    for payload, theirs, mine in zip(payloads, stock.posts, ours.posts, strict=True):
        assert (payload, mine.path, mine.body) == (payload, theirs.path, theirs.body)
        assert (payload, cause_of(mine)) == (payload, cause_of(theirs))


@pytest.mark.parametrize("log_format", ["TEXT", "JSON"])
def test_a_record_that_cannot_be_formatted_fails_the_code_that_logs_it(log_format):
    payloads = cases("not_line_for_line")
    stock, ours = both("logged.handler", payloads, AWS_LAMBDA_LOG_FORMAT=log_format)

    def errors(seen):
        answers = [json.loads(post.body) or {} for post in seen.posts]
        return [(each.get("errorType"), each.get("errorMessage")) for each in answers]

    assert errors(ours) == errors(stock)
    assert ("TypeError", "%d format: a real number is required, not str") in errors(ours)


@pytest.mark.parametrize("options", [ENVIRONMENTS[0], ENVIRONMENTS[4]], ids=["text", "JSON"])
@pytest.mark.parametrize(
    "handler",
    [
        "broken.fails.handler",
        "broken.missing_import.handler",
        "broken.logs_and_fails.handler",
        "broken.plain.no_such_function",
    ],
)
def test_a_start_that_fails_is_logged_alike_with_the_same_warning_before_it(handler, options):
    stock, ours = both(handler, **options)

    assert ours.output == stock.output
    assert ours.frames == stock.frames
    assert [post.body for post in ours.posts] == [post.body for post in stock.posts]
    assert (ours.returncode, stock.returncode) == (1, 1)
