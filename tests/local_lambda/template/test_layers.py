"""Tests where layers are found that are not in the template."""

from pathlib import Path

import pytest

from local_lambda.command import options, parser
from local_lambda.template import template
from local_lambda.template.inputs import Inputs
from local_lambda.template.known_layers import known_layer
from local_lambda.template.layer_sources import LayerSources
from local_lambda.template.text import TemplateError

ARN = "arn:aws:lambda:eu-west-1:111122223333:layer:company-tools:7"
TEMPLATE = """
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "def handler(event, context): return 1"
      Handler: index.handler
      Runtime: python3.13
      Layers: [LAYER]
      Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/bin/run}}
"""


def read(tmp_path, layer, **sources):
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("LAYER", layer))
    inputs = Inputs(layers=LayerSources(**sources))
    return template.read(tmp_path / "template.yaml", inputs=inputs)


@pytest.mark.parametrize("name", [ARN, ARN.removesuffix(":7"), "company-tools"])
def test_a_layer_is_given_by_its_arn_or_its_name(tmp_path, name):
    layer = tmp_path / "tools"
    layer.mkdir()
    application = read(tmp_path, ARN, given={name: layer})

    assert application.functions["F"].layers == (layer,)
    assert not application.findings


@pytest.mark.parametrize("name", ["company-tools", "company-tools-7", "company-tools.zip"])
def test_a_layer_is_found_in_a_folder_of_layers(tmp_path, name):
    layer = tmp_path / "layers" / name
    layer.mkdir(parents=True)
    application = read(tmp_path, ARN, folder=tmp_path / "layers")

    assert application.functions["F"].layers == (layer,)


def test_a_given_layer_wins_over_what_is_known_of_its_name(tmp_path):
    arn = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-x:1"
    layer = tmp_path / "own-powertools"
    layer.mkdir()
    function = read(tmp_path, arn, given={arn: layer}).functions["F"]

    assert (function.layers, function.packages) == ((layer,), ())


def test_a_layer_that_is_not_here_is_named_with_the_wrapper_that_needs_it(tmp_path):
    application = read(tmp_path, ARN)
    (finding,) = application.findings

    assert application.functions["F"].layers == ()
    assert (finding.resource, finding.property, finding.served) == ("F", "Layers", True)
    assert "/opt/bin/run is part of it" in finding.text
    assert "--layer company-tools=PATH" in finding.advice


def test_the_streaming_runtime_of_this_project_stands_for_its_layer(tmp_path):
    arn = "arn:aws:lambda:eu-west-1:111122223333:layer:my-streaming-runtime:3"
    (layer,) = read(tmp_path, arn).functions["F"].layers

    assert (layer / "bootstrap").is_file()


def test_wrong_paths_of_layers_are_named(tmp_path):
    application = read(
        tmp_path, ARN, given={"company-tools": tmp_path / "no"}, folder=tmp_path / "none"
    )
    texts = [str(finding) for finding in application.findings]

    assert any("--layer company-tools=" in text for text in texts)
    assert any("--layers" in text and "no such folder" in text for text in texts)


def test_a_given_layer_that_nobody_has_is_named(tmp_path):
    layer = tmp_path / "tools"
    layer.mkdir()
    application = read(tmp_path, ARN, given={"company-tols": layer})

    assert any("--layer company-tols: no function" in str(each) for each in application.findings)


def test_layers_come_from_the_command_line(tmp_path):
    given = ["--template", str(tmp_path / "template.yaml"), "--layer", f"{ARN}=tools"]
    sources = options(parser().parse_args([*given, "--layers", str(tmp_path)])).inputs.layers

    assert sources == LayerSources({ARN: Path("tools")}, tmp_path)
    with pytest.raises(TemplateError, match="there is no such folder"):
        options(parser().parse_args([*given, "--layers", str(tmp_path / "more")]))
    with pytest.raises(TemplateError, match="--layer: 'tools' is not ARN=PATH"):
        options(parser().parse_args(["--layer", "tools"]))


@pytest.mark.parametrize(
    ("reference", "packages"),
    [
        ("AWSLambdaPowertoolsPythonV3-python313-x86_64:27", "aws-lambda-powertools[all]>=3,<4"),
        ("AWSLambdaPowertoolsPythonV3-python312-arm64:4", "aws-lambda-powertools[all]>=3,<4"),
        ("AWSLambdaPowertoolsPythonV2:79", "aws-lambda-powertools[all]>=2,<3"),
        ("AWSLambdaPowertoolsPythonV2-Arm64:79", "aws-lambda-powertools[all]>=2,<3"),
        ("AWSLambdaPowertoolsPython:46", "aws-lambda-powertools[all]>=1,<2"),
        ("AWSSDKPandas-Python312-Arm64:2", "awswrangler>=3"),
        ("Klayers-p312-Pillow:9", "Pillow"),
        ("Klayers-python38-requests-html:37", "requests-html"),
        ("SentryPythonServerlessSDK:93", "sentry-sdk"),
        ("Datadog-Python313:118", "datadog-lambda"),
    ],
)
def test_packages_stand_for_public_layers(reference, packages):
    for partition in ("aws", "aws-cn", "aws-us-gov"):
        known = known_layer(f"arn:{partition}:lambda:us-east-1:123456789012:layer:{reference}")
        assert known.packages == (packages,)


@pytest.mark.parametrize(
    "name",
    [
        "LambdaAdapterLayerX86",
        "LambdaAdapterLayerArm64",
        "LambdaInsightsExtension-Arm64",
        "AWS-AppConfig-Extension",
        "AWS-Parameters-and-Secrets-Lambda-Extension",
        "aws-otel-python-amd64-ver-1-25-0",
        "AWSOpenTelemetryDistroPython",
        "Datadog-Extension",
    ],
)
def test_layers_that_cannot_work_here_are_known_with_a_reason(name):
    assert known_layer(f"arn:aws:lambda:us-east-1:123456789012:layer:{name}:5").reason


def test_a_handler_that_only_a_layer_has_gives_way_to_the_functions_own(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Serverless::Function
        Properties:
          InlineCode: "def handler(event, context): return 1"
          Handler: newrelic_lambda_wrapper.handler
          Runtime: python3.13
          Layers: [arn:aws:lambda:us-east-1:451483290750:layer:NewRelicPython313:7]
          Environment: {Variables: {NEW_RELIC_LAMBDA_HANDLER: index.handler}}
    """
    (tmp_path / "template.yaml").write_text(text)
    application = template.read(tmp_path / "template.yaml")
    (finding,) = application.findings

    assert application.functions["F"].handler == "index.handler"
    assert "index.handler of NEW_RELIC_LAMBDA_HANDLER runs without it" in finding.text
