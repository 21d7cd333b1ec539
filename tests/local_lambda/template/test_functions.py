"""Tests how functions and their URLs are read, and how mistakes in them are named."""

import textwrap

import pytest

from local_lambda.application import Cors, FunctionUrl
from local_lambda.template import template


def read(tmp_path, text, **kwargs):
    (tmp_path / "fn").mkdir(exist_ok=True)
    (tmp_path / "layer").mkdir(exist_ok=True)
    (tmp_path / "template.yaml").write_text(textwrap.dedent(text))
    return template.read(tmp_path / "template.yaml", **kwargs)


FUNCTION = """
Globals:
  Function:
    Runtime: python3.13
    Timeout: 7
    Tracing: Active
    Layers: [!Ref SharedLayer]
    Environment: {Variables: {A: shared, B: shared}}
Resources:
  SharedLayer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
  OwnLayer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
  StreamFunction:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "${AWS::StackName}-stream"
      CodeUri: fn
      Handler: app.handler
      Layers: [!Ref OwnLayer]
      MemorySize: 128
      ReservedConcurrentExecutions: 5
      CapacityProviderConfig: {Arn: x, PerExecutionEnvironmentMaxConcurrency: 8}
      Environment: {Variables: {B: own, C: true, D: 5}}
      FunctionUrlConfig:
        AuthType: AWS_IAM
        InvokeMode: RESPONSE_STREAM
        Cors: {AllowOrigins: ["*"], MaxAge: 60, AllowCredentials: true}
      ImageConfig: {}
"""


def test_a_function_is_read_with_its_globals_merged(tmp_path):
    function = read(tmp_path, FUNCTION).functions["StreamFunction"]
    assert (function.name, function.handler, function.timeout_s) == (
        "local-stream",
        "app.handler",
        7,
    )
    assert function.environment == {"A": "shared", "B": "own", "C": "true", "D": "5"}
    assert len(function.layers) == 2
    assert function.traced
    assert (function.reserved_concurrency, function.max_concurrency) == (5, 8)
    assert function.url.streaming
    assert function.url.cors == Cors(allow_origins=("*",), max_age_s=60, allow_credentials=True)


def test_what_is_not_emulated_is_named_in_a_warning(tmp_path):
    warnings = "\n".join(read(tmp_path, FUNCTION + "  Queue: {Type: AWS::SQS::Queue}\n").warnings)
    assert "StreamFunction.ImageConfig: this property is not emulated" in warnings
    assert "AuthType AWS_IAM" in warnings
    assert "Queue: resources of type AWS::SQS::Queue are not emulated" in warnings


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            "{CodeUri: nowhere, Handler: a.b, Runtime: python3.13}",
            "CodeUri 'nowhere' is not here",
        ),
        ("{CodeUri: fn, Handler: a.b}", "Runtime is missing"),
        ("{CodeUri: fn, Handler: a.b, Runtime: nodejs24.x}", "nodejs24.x is not emulated"),
        (
            "{CodeUri: fn, Handler: a.b, Runtime: python3.13, Events: {E: {Type: Api, Properties:"
            " {Method: GET, Path: /, ResponseTransferMode: STREAM}}}}",
            "ResponseTransferMode 'STREAM'",
        ),
        (
            "{CodeUri: fn, Handler: a.b, Runtime: python3.13, Events: {E: {Type: DynamoDB,"
            " Properties: {Stream: x}}}}",
            "not the stream of a table",
        ),
    ],
)
def test_a_mistake_is_a_finding_with_the_name_of_the_function(tmp_path, properties, message):
    application = read(
        tmp_path,
        f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {properties}}}}}",
    )
    found = [finding for finding in application.findings if message in str(finding)]

    assert [finding.resource for finding in found] == ["F"]
    assert not found[0].served


def test_a_property_without_a_value_is_as_good_as_not_there(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: fn
          Handler: a.b
          Runtime: python3.13
          ReservedConcurrentExecutions: !Ref AWS::NoValue
    """
    assert read(tmp_path, text).functions["F"].reserved_concurrency is None


URL = """
Parameters: {Url: {Type: String, Default: "on"}}
Conditions:
  WithUrl: !Equals [!Ref Url, "on"]
Resources:
  Stream:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: fn, Handler: a.b, Runtime: python3.13}
  Address:
    Type: AWS::Lambda::Url
    Condition: WithUrl
    Properties:
      TargetFunctionArn: !GetAtt Stream.Arn
      AuthType: NONE
      InvokeMode: RESPONSE_STREAM
"""


@pytest.mark.parametrize("target", ["!GetAtt Stream.Arn", "!Ref Stream"])
def test_a_function_url_may_be_a_resource_of_its_own(tmp_path, target):
    text = URL.replace("!GetAtt Stream.Arn", target)
    application = read(tmp_path, text)

    assert application.functions["Stream"].url == FunctionUrl(streaming=True, cors=None)
    assert application.warnings == ()


def test_a_function_url_on_a_condition_is_not_there_if_that_is_false(tmp_path):
    text = URL.replace('Default: "on"', 'Default: "off"')

    assert read(tmp_path, text).functions["Stream"].url is None


def test_a_function_url_of_nothing_is_a_finding(tmp_path):
    text = URL.replace("!GetAtt Stream.Arn", "arn:aws:lambda:x:1:function:Other")
    application = read(tmp_path, text)

    assert application.functions["Stream"].url is None
    assert application.findings[0].resource == "Address"
    assert "no function of this template" in application.findings[0].text
