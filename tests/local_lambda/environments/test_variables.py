"""Tests which variables a function sees."""

import sys

import pytest

from local_lambda.application import Function, Logging
from local_lambda.environments.credentials import no_credentials
from local_lambda.environments.launch import Launch, LaunchSettings
from local_lambda.environments.layout import LaunchError


def seen(tmp_path, environment=None, credentials=no_credentials, passed=(), **fields):
    function = Function(
        "F", "f", "app.handler", "python3.13", tmp_path, environment=environment or {}, **fields
    )
    settings = LaunchSettings(
        sys.executable, "eu-west-1", passed_variables=dict(passed), credentials=credentials
    )
    launch = Launch(function, tmp_path, tmp_path / "opt", tmp_path / "run", settings)
    return launch.environment("127.0.0.1:9001")


def test_the_list_of_lambdas_variables(tmp_path):
    variables = seen(tmp_path)

    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert variables["AWS_LAMBDA_LOG_FORMAT"] == "Text"
    assert "AWS_LAMBDA_LOG_LEVEL" not in variables
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/f"
    assert variables["AWS_XRAY_CONTEXT_MISSING"] == "LOG_ERROR"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["PATH"].endswith(f":/usr/local/bin:/usr/bin/:/bin:{tmp_path}/opt/bin")
    assert variables["TZ"] == ":UTC"
    assert "_X_AMZN_TRACE_ID" not in variables


@pytest.mark.parametrize(
    ("logging", "format_", "level"),
    [
        (Logging("JSON"), "JSON", "INFO"),
        (Logging("JSON", application_level="DEBUG"), "JSON", "DEBUG"),
        (Logging("Text", application_level="DEBUG"), "Text", None),
    ],
)
def test_lambda_says_the_level_of_the_log_in_its_json_format_only(
    tmp_path, logging, format_, level
):
    variables = seen(tmp_path, logging=logging)

    assert variables["AWS_LAMBDA_LOG_FORMAT"] == format_
    assert variables.get("AWS_LAMBDA_LOG_LEVEL") == level


def test_the_group_of_the_log_is_the_templates(tmp_path):
    assert seen(tmp_path, logging=Logging(group="own"))["AWS_LAMBDA_LOG_GROUP_NAME"] == "own"


@pytest.mark.parametrize(
    ("qualifiers", "version"), [((), "$LATEST"), (("live",), "1"), (("live", "7"), "7")]
)
def test_a_function_with_an_alias_runs_as_a_version(tmp_path, qualifiers, version):
    variables = seen(tmp_path, qualifiers=qualifiers)

    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == version
    assert f"/[{version}]" in variables["AWS_LAMBDA_LOG_STREAM_NAME"]


def test_lambdas_value_of_a_reserved_name_is_served(tmp_path):
    assert seen(tmp_path, {"AWS_REGION": "mars"})["AWS_REGION"] == "eu-west-1"


def test_the_template_may_set_what_lambda_does_not_reserve(tmp_path):
    assert seen(tmp_path, {"TZ": "Europe/Berlin"})["TZ"] == "Europe/Berlin"


def test_passed_variables_win_and_passed_keys_leave_no_stand_in(tmp_path):
    passed = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "OWN": "passed"}
    variables = seen(tmp_path, {"OWN": "template"}, passed=passed)

    assert variables["AWS_ACCESS_KEY_ID"] == "AKIA"
    assert "AWS_SESSION_TOKEN" not in variables
    assert variables["OWN"] == "passed"


def test_credentials_replace_the_stand_ins(tmp_path):
    assert seen(tmp_path)["AWS_SESSION_TOKEN"] == "local"
    own = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    variables = seen(tmp_path, credentials=lambda: own)

    assert variables["AWS_ACCESS_KEY_ID"] == "AKIA"
    assert "AWS_SESSION_TOKEN" not in variables


@pytest.mark.parametrize("environment", [{"A": "x\0y"}, {"A=B": "x"}, {"A": "\ud800"}])
def test_a_variable_that_no_process_can_have_is_a_sentence(tmp_path, environment):
    with pytest.raises(LaunchError, match="cannot be set"):
        seen(tmp_path, environment)
