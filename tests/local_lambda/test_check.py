"""Tests `local-lambda check`: what it says of a template, as text and as JSON, and its status."""

import json
import textwrap

import pytest

from local_lambda import check

GOOD = """\
Parameters:
  Level: {Type: String, Default: info}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: checked
      Handler: app.handler
      Runtime: python3.13
      Environment: {Variables: {LEVEL: !Ref Level, KEY: "{{resolve:ssm:/key}}"}}
      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}
      Events:
        Get: {Type: Api, Properties: {Method: get, Path: /a}}
"""
KEY = ["--parameter", "/key=k"]


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Returns status, standard output and standard error of `local-lambda check`."""
    (tmp_path / "checked").mkdir()
    monkeypatch.chdir(tmp_path)

    def run(text, *words):
        (tmp_path / "template.yaml").write_text(textwrap.dedent(text))
        monkeypatch.setattr("sys.argv", ["local-lambda", "check", *words])
        try:
            status = check.main(list(words))
        except SystemExit as exited:
            status = exited.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_what_is_served_and_what_is_not_is_said_in_lines(run):
    node = "{CodeUri: checked, Handler: a.b, Runtime: nodejs22.x}"
    text = f"{GOOD}  Node: {{Type: AWS::Serverless::Function, Properties: {node}}}\n"
    assert run(text) == (
        0,
        textwrap.dedent("""\
            template.yaml serves
              F: python3.13 app.handler, Function URL (streaming)
              ServerlessRestApi: REST API
                GET /a: F
            template.yaml does not serve
              line 14: Node.Runtime: Runtime nodejs22.x is not emulated; python3.11 to \
python3.14 and provided.* are
            template.yaml is served, but not as on AWS
              line 10: F.Environment.Variables.KEY: the SSM parameter /key has no value here; its \
name replaces it; give --parameter /key=VALUE
            """),
        "",
    )


def test_the_stage_that_stands_before_the_paths_of_an_http_api_is_said(run):
    web = "{Type: AWS::Serverless::HttpApi, Properties: {StageName: dev}}"
    event = "{Type: HttpApi, Properties: {ApiId: !Ref Web, Method: GET, Path: /b}}"
    function = f"{{CodeUri: checked, Handler: a.b, Runtime: python3.13, Events: {{B: {event}}}}}"
    _, out, _ = run(
        f"""\
        Resources:
          Web: {web}
          G: {{Type: AWS::Serverless::Function, Properties: {function}}}
        """
    )
    assert "  Web: HTTP API, paths begin with /dev\n    GET /b: G\n" in out


def test_json_has_the_same_for_programs(run):
    status, out, err = run(GOOD, "--json")
    document = json.loads(out)

    assert (status, err, document["error"]) == (0, "", None)
    assert list(document) == ["template", "served", "findings", "error"]
    served = document["served"]
    assert [each["id"] for each in served["functions"]] == ["F"]
    assert served["urls"] == [{"function": "F", "mode": "RESPONSE_STREAM", "auth": "NONE"}]
    assert served["apis"][0]["routes"][0]["path"] == "/a"
    assert document["findings"] == [
        {
            "text": "the SSM parameter /key has no value here; its name replaces it",
            "advice": "give --parameter /key=VALUE",
            "resource": "F",
            "property": "Environment.Variables.KEY",
            "line": 10,
            "served": True,
        }
    ]


def test_strict_makes_every_finding_an_error(run):
    assert run(GOOD, "--strict", *KEY)[0] == 0
    status, out, err = run(GOOD, "--strict")
    assert status == 1
    assert "/key has no value" in out
    assert err == "local_lambda: template.yaml: 1 finding, and --strict makes each an error\n"
    status, out, _ = run(GOOD, "--strict", "--json")
    assert (status, len(json.loads(out)["findings"])) == (1, 1)


@pytest.mark.parametrize(
    ("text", "words", "error"),
    [
        ("", (), "the file is empty"),
        ("Resources: {}", (), "no function of this template can be served"),
        ("Resources: {F: text}", (), "no function of this template can be served"),
        (GOOD, ("--parameter-overrides", "X=1"), "does not declare: X"),
        (GOOD, ("--parameter-overrides", "X"), "X is not K=V; write KEY=VALUE"),
        (GOOD, ("--parameter", "X"), "--parameter: X is not NAME=VALUE"),
        (GOOD, ("--env-vars", "none.json"), "--env-vars none.json: the file cannot be read"),
        (GOOD, ("--config-file", "none.toml"), "--config-file none.toml: there is no such file"),
        (GOOD, ("--layers", "nowhere"), "--layers nowhere: there is no such folder"),
        (GOOD, ("other.yaml",), "other.yaml: the file cannot be read: No such file or directory"),
    ],
)
def test_a_template_of_which_nothing_can_be_served_fails_in_both_forms(run, text, words, error):
    status, _, err = run(text, *words)
    assert status == 1
    assert error in err
    status, out, err = run(text, *words, "--json")
    assert (status, err) == (1, "")
    assert json.loads(out)["error"] in error or error in json.loads(out)["error"]


def test_a_wrong_option_has_status_2_in_both_forms(run):
    status, out, err = run(GOOD, "--nonsense")
    assert (status, out) == (2, "")
    assert "unrecognized arguments: --nonsense" in err
    status, out, err = run(GOOD, "--json", "--nonsense")
    assert (status, err) == (2, "")
    assert json.loads(out)["error"] == "unrecognized arguments: --nonsense"


def test_variables_of_env_vars_count_where_the_template_declares_them(run, tmp_path):
    variables = {
        "F": {"LEVEL": "debug", "OTHER": 1},
        "Parameters": {"KEY": "k", "NONE": ""},
        "Gone": {"A": "b"},
    }
    (tmp_path / "env.json").write_text(json.dumps(variables))
    _, out, _ = run(GOOD, "--env-vars", "env.json", "--json", *KEY)
    assert sorted(each["text"] for each in json.loads(out)["findings"]) == [
        "--env-vars: no function declares a variable NONE; it is not set",
        "--env-vars: no function that is served is named Gone",
        "--env-vars: the template declares no variable OTHER; it is not set",
    ]


def test_the_command_line_replaces_the_parameters_of_samconfig_and_says_so(run, tmp_path):
    (tmp_path / "samconfig.toml").write_text(
        "version = 0.1\n[default.global.parameters]\n"
        'parameter_overrides = "Level=debug Unknown=passed"\n'
    )
    assert run(GOOD, *KEY, "--strict")[0] == 0
    status, out, _ = run(GOOD, *KEY, "--parameter-overrides", "Level=warn")
    assert status == 0
    assert "samconfig.toml: --parameter-overrides replaces all parameter_overrides" in out
