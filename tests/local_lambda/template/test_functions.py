"""Tests how functions and their URLs are read, and how mistakes in them are named."""

import textwrap
from zipfile import ZipFile

import pytest

from local_lambda.application import Cors, FunctionUrl, Logging
from local_lambda.template import template
from tests.local_lambda.template.reading import read

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


def test_variables_are_texts_as_cloudformation_makes_them(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: fn
          Handler: a.b
          Runtime: python3.13
          Environment:
            Variables: {COUNT: 5, RATIO: 0.5, OFF: false, EMPTY: "", LIST: [1], NOTHING: null}
    """
    application = read(tmp_path, text)

    assert application.functions["F"].environment == {
        "COUNT": "5",
        "RATIO": "0.5",
        "OFF": "false",
        "EMPTY": "",
    }
    named = {finding.property.rpartition(".")[2] for finding in application.findings}
    assert named == {"LIST", "NOTHING"}


def test_variables_refer_to_other_resources_as_on_aws(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Lambda::Function
        Properties:
          Code: fn
          Handler: a.b
          Runtime: python3.13
          Environment:
            Variables:
              QUEUE: !Ref Queue
              QUEUE_NAME: !GetAtt Queue.QueueName
              TOPIC: !Ref Topic
              BUCKET: !Ref MyBucket
              BUCKET_ARN: !GetAtt MyBucket.Arn
              ALIAS: !Ref Alias
              VERSION: !GetAtt Second.Version
              ROLE: !GetAtt Role.Arn
      First: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}
      Second: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt F.Arn}}
      Alias:
        Type: AWS::Lambda::Alias
        Properties: {FunctionName: !Sub "${F}", FunctionVersion: "2", Name: live}
      Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
      Topic: {Type: AWS::SNS::Topic}
      MyBucket: {Type: AWS::S3::Bucket}
      Role: {Type: AWS::IAM::Role}
    """
    function = read(tmp_path, text, region="eu-west-1").functions["F"]

    assert function.qualifiers == ("1", "2", "live")
    assert function.environment == {
        "QUEUE": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
        "QUEUE_NAME": "jobs",
        "TOPIC": "arn:aws:sns:eu-west-1:123456789012:Topic",
        "BUCKET": "mybucket",
        "BUCKET_ARN": "arn:aws:s3:::mybucket",
        "ALIAS": "arn:aws:lambda:eu-west-1:123456789012:function:F:live",
        "VERSION": "2",
        "ROLE": "arn:aws:iam::123456789012:role/Role",
    }


def test_a_plain_function_has_its_own_names_for_code_tracing_and_instances(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Lambda::Function
        Properties:
          Code: {ZipFile: "def handler(event, context): return 1"}
          Handler: index.handler
          Runtime: python3.13
          TracingConfig: {Mode: Active}
          EphemeralStorage: {Size: 1024}
          LoggingConfig: {LogFormat: JSON, SystemLogLevel: WARN, LogGroup: shared}
          CapacityProviderConfig:
            LambdaManagedInstancesCapacityProviderConfig:
              CapacityProviderArn: arn:aws:lambda:us-east-1:123456789012:capacity-provider:p
              PerExecutionEnvironmentMaxConcurrency: 4
    """
    function = read(tmp_path, text).functions["F"]

    assert function.inline_code == "def handler(event, context): return 1"
    assert function.traced
    assert function.ephemeral_storage_mb == 1024
    assert function.max_concurrency == 4
    assert function.logging == Logging("JSON", system_level="WARN", group="shared")


@pytest.mark.parametrize(
    ("written", "timeout_s", "memory_mb"),
    [
        ("Timeout: '30', MemorySize: 256.0", 30, 256),
        ("Timeout: abc, MemorySize: [128]", 3, 128),
        ("Timeout: 0, MemorySize: 1", 3, 128),
        ("Timeout: 901, MemorySize: 99999", 900, 10240),
        ("Timeout: true, MemorySize: {Size: 1}", 3, 128),
    ],
)
def test_a_number_of_the_wrong_kind_or_size_has_a_default(tmp_path, written, timeout_s, memory_mb):
    properties = f"CodeUri: fn, Handler: a.b, Runtime: python3.13, {written}"
    text = f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}}}"
    function = read(tmp_path, text).functions["F"]

    assert (function.timeout_s, function.memory_mb) == (timeout_s, memory_mb)


@pytest.mark.parametrize("place", ["asset.abc", "asset.abc.zip", "abc.zip", "../asset.abc"])
def test_packaged_code_is_found_beside_the_template(tmp_path, place):
    folder = tmp_path / "cdk.out"
    code = folder / place
    folder.mkdir()
    if place.endswith(".zip"):
        with ZipFile(code, "w") as archive:
            archive.writestr("app.py", "")
    else:
        code.mkdir()
    text = """
    Resources:
      F:
        Type: AWS::Lambda::Function
        Properties:
          Code: {S3Bucket: {"Fn::Sub": "cdk-assets-${AWS::AccountId}"}, S3Key: stage/abc.zip}
          Handler: app.handler
          Runtime: python3.13
    """
    (folder / "Stack.template.yaml").write_text(textwrap.dedent(text))
    function = template.read(folder / "Stack.template.yaml").functions["F"]

    assert function.code == code.resolve()


def test_code_that_sam_has_uploaded_is_what_sam_has_built(tmp_path):
    built = tmp_path / ".aws-sam/build/F"
    built.mkdir(parents=True)
    properties = "CodeUri: s3://bucket/0123, Handler: a.b, Runtime: python3.13"
    text = f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}}}"
    application = read(tmp_path, text)

    assert application.functions["F"].code == built.resolve()
    assert [finding.served for finding in application.findings] == [True]


def test_functions_that_cdk_adds_for_deployments_are_passed_over(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: fn, Handler: a.b, Runtime: python3.13}
      Helper:
        Type: AWS::Lambda::Function
        Metadata: {"aws:cdk:path": "Stack/Custom::S3AutoDeleteObjects/Handler"}
        Properties: {Code: {S3Bucket: b, S3Key: k.zip}, Handler: a.b, Runtime: nodejs22.x}
    """
    application = read(tmp_path, text)

    assert (list(application.functions), application.findings) == (["F"], ())


def test_levels_without_json_are_named(tmp_path):
    logging = "LoggingConfig: {ApplicationLogLevel: DEBUG}"
    properties = f"CodeUri: fn, Handler: a.b, Runtime: python3.13, {logging}"
    text = f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}}}"
    (finding,) = read(tmp_path, text).findings

    assert "levels have no effect without LogFormat: JSON" in finding.text
