"""Tests whose credentials functions get, and that the user's AWS settings never disturb."""

import json
import os
import subprocess
import sys

import pytest

from local_lambda import Emulator
from local_lambda.environments.credentials import CredentialsError, Profile, own_variables, passed
from local_lambda.table.table import make_client
from tests.support.paths import ROOT

CONFIG = """
[profile static]
region = eu-north-1
aws_access_key_id = AKIASTATIC
aws_secret_access_key = secret
[profile temporary]
aws_access_key_id = ASIATEMPORARY
aws_secret_access_key = secret
aws_session_token = token
[profile single]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Dev
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.com/start
[profile asking]
credential_process = /bin/false
"""
KEYS = """
import os

def handler(event, context):
    return {name: os.environ.get(name) for name in event}
"""
TEMPLATE = {
    "Resources": {
        "Keys": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "code",
                "Handler": "keys_of_environment.handler",
                "Runtime": f"python3.{sys.version_info[1]}",
            },
        },
        "Items": {"Type": "AWS::Serverless::SimpleTable"},
    }
}


@pytest.fixture
def configured(tmp_path, monkeypatch):
    for name in tuple(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_the_profile_s_credentials_and_region(configured):
    static = Profile("static")
    assert static.region == "eu-north-1"
    assert static() == {"AWS_ACCESS_KEY_ID": "AKIASTATIC", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert Profile("temporary")()["AWS_SESSION_TOKEN"] == "token"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing", "--aws-profile missing: The config profile (missing) could not be found"),
        ("single", "run: aws sso login --profile single"),
        ("asking", "--aws-profile asking: "),
    ],
)
def test_a_profile_without_usable_credentials_is_a_sentence(configured, name, says):
    with pytest.raises(CredentialsError) as error:
        Profile(name)()
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NOT_SET", "this shell has no such variable; set it, or say NOT_SET=VALUE"),
        ("=x", "neither NAME nor NAME=VALUE"),
        ("AWS_PROFILE", "use --aws-profile NAME"),
        ("AWS_REGION=x", "use --region"),
        ("_HANDLER=x", "functions need the emulator's own value"),
    ],
)
def test_a_variable_that_cannot_be_passed_is_a_sentence(text, says):
    with pytest.raises(CredentialsError) as error:
        passed([text], {})
    assert says in str(error.value)


def test_variables_are_passed_by_name_or_with_a_value():
    assert passed(["A", "B=x=y", "C="], {"A": "1"}) == {"A": "1", "B": "x=y", "C": ""}


def test_the_emulators_clients_ignore_the_users_settings(tmp_path, monkeypatch):
    (tmp_path / "broken").write_text("[not a section\n")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "broken"))
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "many")
    client = make_client("dynamodb", "http://127.0.0.1:1", region="us-east-1", attempts=1)

    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert "AWS_PROFILE" not in own_variables(os.environ)


def test_a_missing_profile_is_a_sentence_of_the_command_line(configured):
    command = [sys.executable, "-m", "local_lambda", "--port", "0", "--aws-profile", "missing"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr.startswith("local_lambda: --aws-profile missing: ")


def test_functions_get_the_profile_while_the_table_is_local(configured, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_PROFILE", "missing")
    (tmp_path / "code").mkdir()
    (tmp_path / "code/keys_of_environment.py").write_text(KEYS)
    (tmp_path / "template.json").write_text(json.dumps(TEMPLATE))
    arguments = ["--aws-profile", "static", "--pass-env", "OWN=1"]
    names = ["AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_PROFILE", "OWN", "AWS_ENDPOINT_URL_DYNAMODB"]
    with Emulator(tmp_path / "template.json", *arguments) as emulator:
        seen = emulator.invoke("Keys", names).json()

    assert seen == {
        "AWS_ACCESS_KEY_ID": "AKIASTATIC",
        "AWS_REGION": "eu-north-1",
        "AWS_PROFILE": None,
        "OWN": "1",
        "AWS_ENDPOINT_URL_DYNAMODB": emulator.dynamodb_url,
    }
