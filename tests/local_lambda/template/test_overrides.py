"""Tests how parameters and variables are read from the command line and from sam's files."""

import contextlib
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.client import as_override
from local_lambda.template.overrides import parse_overrides, parse_stored, read_variables
from local_lambda.template.samconfig import read_configuration
from local_lambda.template.text import TemplateError
from tests.support.paths import ROOT
from tests.support.tools import sam_cli

# Each is what `sam` reads, too: the next test but one asks it, where it is installed.
AS_SAM = [
    (["A=1 B=2"], {"A": "1", "B": "2"}),
    (["A=1", "B=2"], {"A": "1", "B": "2"}),
    (["A=1", "A=2"], {"A": "2"}),
    (["A=x=y"], {"A": "x=y"}),
    (["A=https://x.example/?a=b&c=d B=2"], {"A": "https://x.example/?a=b&c=d", "B": "2"}),
    (["A=a,b,c"], {"A": "a,b,c"}),
    (['A="x y" B=z'], {"A": "x y", "B": "z"}),
    (["A='x y' B=z"], {"A": "x y", "B": "z"}),
    (['A="say \\"hi\\"" B=z'], {"A": 'say "hi"', "B": "z"}),
    (["A=x\\ y B=1"], {"A": "x y", "B": "1"}),
    (['"A"="1"'], {"A": "1"}),
    (["ParameterKey=A,ParameterValue=1"], {"A": "1"}),
    (["ParameterKey=A,ParameterValue=a,b ParameterKey=B,ParameterValue=2"], {"A": "a,b", "B": "2"}),
    (["ParameterKey=A,ParameterValue=1", "ParameterKey=B,ParameterValue=2"], {"A": "1", "B": "2"}),
    (
        ['ParameterKey=A,ParameterValue="x y" ParameterKey=B,ParameterValue=z'],
        {"A": "x y", "B": "z"},
    ),
    (['ParameterKey="A",ParameterValue="1"'], {"A": "1"}),
]


@pytest.mark.parametrize(("texts", "values"), AS_SAM)
def test_overrides_are_read_in_every_form_that_sam_takes(texts, values):
    assert parse_overrides(texts) == values


@pytest.mark.once
def test_sam_itself_reads_the_same():
    python = Path(sam_cli()).resolve().parent / "python"
    program = (
        "import json, sys\n"
        "from samcli.cli.types import CfnParameterOverridesType as Type\n"
        "read = lambda texts: Type().convert(tuple(texts), None, None)\n"
        "print(json.dumps([read(texts) for texts in json.load(sys.stdin)]))\n"
    )
    ended = subprocess.run(
        [python, "-c", program],
        input=json.dumps([texts for texts, _ in AS_SAM]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(ended.stdout) == [values for _, values in AS_SAM]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        ([""], {}),
        (["A="], {"A": ""}),
        (["A= B=2"], {"A": "", "B": "2"}),
        (["A=hello world"], {"A": "hello world"}),
        (["A=O'Brien B=2"], {"A": "O'Brien", "B": "2"}),
        (['A={"a": "b c", "d=e": 1}'], {"A": '{"a": "b c", "d=e": 1}'}),
        (["'ParameterKey=A,ParameterValue=1'"], {"A": "1"}),
        (['"A=1 B=2"'], {"A": "1", "B": "2"}),
        (["A=two\nlines"], {"A": "two\nlines"}),
    ],
)
def test_overrides_that_sam_reads_in_part_are_read_whole(texts, values):
    assert parse_overrides(texts) == values


@pytest.mark.parametrize("text", ["novalue", "=x", "ParameterKey=A,UsePreviousValue=true"])
def test_an_override_that_is_no_pair_is_a_sentence(text):
    with pytest.raises(TemplateError, match="is not K=V"):
        parse_overrides([text])


@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9]{1,5}", fullmatch=True), st.text(max_size=12)))
def test_a_value_in_quotes_is_read_back_whatever_it_is(values):
    escaped = {name: value.replace("\\", "").replace('"', '\\"') for name, value in values.items()}
    text = " ".join(f'{name}="{value}"' for name, value in escaped.items())
    assert parse_overrides([text]) == {
        name: value.replace("\\", "") for name, value in values.items()
    }


@pytest.mark.parametrize(
    "value", ["x", "x y=z", '{"a": "b c=d"}', "it's", "a\nb", '"q"', "", "a\\b", "\\d+ x"]
)
def test_the_python_api_passes_any_value_on_as_it_is(value):
    assert parse_overrides([as_override("A", value)]) == {"A": value}


@given(st.text(max_size=40))
def test_any_text_is_pairs_or_a_sentence(text):
    with contextlib.suppress(TemplateError):
        parse_overrides([text])


def test_values_of_ssm_parameters_are_pairs():
    assert parse_stored(["/a/b=x=y", "s={}"]) == {"/a/b": "x=y", "s": "{}"}
    with pytest.raises(TemplateError, match="--parameter: /a is not NAME=VALUE"):
        parse_stored(["/a"])


def configuration(tmp_path, text, name="samconfig.toml", **kwargs):
    (tmp_path / name).write_text(text)
    return read_configuration(tmp_path / "template.yaml", **kwargs)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ('"A=1 B=\\"x y\\""', {"A": "1", "B": "x y"}),
        ('["A=1", "B=2"]', {"A": "1", "B": "2"}),
        ("{A = 1, B = [1, 2], C = true}", {"A": "1", "B": "1,2", "C": "true"}),
        ('""', {}),
        ("[]", {}),
    ],
)
def test_parameter_overrides_of_samconfig_may_be_text_a_list_or_a_table(tmp_path, written, values):
    text = f"version = 0.1\n[default.local_start_api.parameters]\nparameter_overrides = {written}\n"
    found = configuration(tmp_path, text)
    assert (dict(found.parameters), found.findings) == (values, ())


LAYERED = """
version = 0.1
[default.global.parameters]
parameter_overrides = "A=global"
region = "eu-west-1"
[default.deploy.parameters]
parameter_overrides = "A=deploy"
[default.local_start_api.parameters]
env_vars = "env.json"
[prod.global.parameters]
parameter_overrides = "A=prod"
[prod.local_start_api.parameters]
parameter_overrides = "A=local"
"""


def test_the_tables_that_count_are_those_of_sam_local_start_api(tmp_path):
    found = configuration(tmp_path, LAYERED)
    assert (dict(found.parameters), found.region) == ({"A": "global"}, "eu-west-1")
    assert found.variables_file == "env.json"
    found = configuration(tmp_path, LAYERED, environment="prod")
    assert (dict(found.parameters), found.region) == ({"A": "local"}, "")


def test_a_configuration_is_found_beside_the_template_or_in_the_project_that_was_built(tmp_path):
    (tmp_path / "samconfig.toml").write_text(LAYERED)
    built = tmp_path / ".aws-sam/build/template.yaml"
    built.parent.mkdir(parents=True)
    assert read_configuration(built).region == "eu-west-1"
    assert read_configuration(tmp_path / "other/template.yaml").region == ""
    (tmp_path / "other.yaml").write_text("version: 0.1\ndev: {global: {parameters: {region: r}}}")
    named = read_configuration(tmp_path / "t.yaml", Path("other.yaml"), environment="dev")
    assert named.region == "r"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = ", "samconfig.toml cannot be read: Invalid value"),
        ("version = 0.1\n[default.global.parameters]\nparameter_overrides = 5", "5 is not K=V"),
        ('version = 0.1\n[default.global.parameters]\nparameter_overrides = "x"', "x is not K=V"),
    ],
)
def test_a_broken_configuration_is_a_sentence(tmp_path, text, message):
    with pytest.raises(TemplateError) as raised:
        configuration(tmp_path, text)
    assert message in str(raised.value)


def test_what_is_odd_in_a_configuration_is_named(tmp_path):
    found = configuration(tmp_path, "[default]\nglobal = 5\n", environment="prod")
    assert list(map(str, found.findings)) == [
        "samconfig.toml: version is missing; sam refuses such a file: write version = 0.1",
        "samconfig.toml: there is no environment prod",
    ]
    with pytest.raises(TemplateError, match="--config-file nowhere: there is no such file"):
        configuration(tmp_path, "", file=Path("nowhere"))
    with pytest.raises(TemplateError, match="--config-env prod: there is no samconfig"):
        read_configuration(tmp_path / "empty/template.yaml", environment="prod")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"F": {"A": 1}, "Parameters": {}}', {"F": {"A": 1}, "Parameters": {}}),
        (
            "# all\nexport A=1\nB='x y'\nC=z # why\n",
            {"Parameters": {"A": "1", "B": "x y", "C": "z"}},
        ),
    ],
)
def test_variables_are_read_from_json_and_from_lines(tmp_path, text, values):
    (tmp_path / "env").write_text(text)
    assert read_variables(tmp_path / "env") == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "not a mapping of functions"),
        ('{"F": "x"}', "F is not a mapping"),
        ("{", "neither JSON nor lines"),
        ("", "neither JSON nor lines"),
    ],
)
def test_a_file_of_variables_in_another_form_is_a_sentence(tmp_path, text, message):
    (tmp_path / "env.json").write_text(text)
    with pytest.raises(TemplateError) as raised:
        read_variables(tmp_path / "env.json")
    assert message in str(raised.value)
    with pytest.raises(TemplateError, match="--env-vars missing: the file cannot be read"):
        read_variables(tmp_path / "missing")


def test_the_repository_has_a_configuration_that_is_read():
    assert read_configuration(ROOT / "template.yaml").findings == ()
