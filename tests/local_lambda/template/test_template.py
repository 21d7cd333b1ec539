"""Tests how SAM templates are read, and how mistakes and unknown parts are named."""

import textwrap

import pytest

from local_lambda.application import Cors, FunctionUrl
from local_lambda.template import template
from local_lambda.template.cloudformation import TemplateError


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


def test_routes_come_from_events_and_from_an_openapi_definition(tmp_path):
    application = read(
        tmp_path,
        """
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: fn
              Handler: app.handler
              Runtime: python3.12
              Events:
                Any: {Type: Api, Properties: {Method: any, Path: "/{proxy+}", RestApiId: !Ref Api}}
                Stream:
                  Type: Api
                  Properties:
                    Method: GET
                    Path: /s
                    ResponseTransferMode: RESPONSE_STREAM
                    TimeoutInMillis: 900000
          Api:
            Type: AWS::Serverless::Api
            Properties:
              StageName: dev
              BinaryMediaTypes: [image~1*]
              MergeDefinitions: true
              DefinitionBody:
                openapi: 3.0.1
                paths:
                  /open:
                    get:
                      x-amazon-apigateway-integration:
                        type: aws_proxy
                        httpMethod: POST
                        uri: !Sub "arn:x:lambda:path/2021-11-15/functions/${F.Arn}\\
                          /response-streaming-invocations"
                        responseTransferMode: STREAM
                        timeoutInMillis: 300000
                  /any:
                    x-amazon-apigateway-any-method:
                      x-amazon-apigateway-integration:
                        type: AWS_PROXY
                        uri: !Sub "arn:x:lambda:path/2015-03-31/functions/${F.Arn}/invocations"
                    options: {x-amazon-apigateway-integration: {type: mock}}
        """,
    )
    routes = {(route.method, route.path): route for route in application.routes}
    assert not routes["ANY", "/{proxy+}"].streaming
    assert routes["ANY", "/{proxy+}"].binary_media_types == ("image/*",)
    assert (routes["GET", "/s"].streaming, routes["GET", "/s"].timeout_s) == (True, 900)
    assert (routes["GET", "/open"].streaming, routes["GET", "/open"].timeout_s) == (True, 300)
    assert (routes["ANY", "/any"].streaming, routes["ANY", "/any"].timeout_s) == (False, 29)
    assert any(
        "this mock integration has no response" in warning for warning in application.warnings
    )


def test_a_table_and_its_mapping_are_read(tmp_path):
    application = read(
        tmp_path,
        """
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: fn
              Handler: app.handler
              Runtime: python3.12
              Events:
                S:
                  Type: DynamoDB
                  Properties:
                    Stream: !GetAtt T.StreamArn
                    StartingPosition: TRIM_HORIZON
                    BatchSize: 25
                    MaximumBatchingWindowInSeconds: 1
                    MaximumRetryAttempts: 4
                    BisectBatchOnFunctionError: true
                    FunctionResponseTypes: [ReportBatchItemFailures]
                    FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}
          T:
            Type: AWS::DynamoDB::Table
            Properties:
              KeySchema: [{AttributeName: PK, KeyType: HASH}]
              AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
              StreamSpecification: {StreamViewType: NEW_IMAGE}
              TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
        """,
    )
    mapping = application.mappings[0]
    assert (mapping.function, mapping.table, mapping.batch_size, mapping.maximum_retries) == (
        "F",
        "T",
        25,
        4,
    )
    assert mapping.from_start
    assert mapping.bisect
    assert mapping.report_item_failures
    assert mapping.patterns == ({"eventName": ["INSERT"]},)
    assert application.tables["T"].definition["StreamSpecification"] == {
        "StreamViewType": "NEW_IMAGE",
        "StreamEnabled": True,
    }
    assert "TimeToLiveSpecification" not in application.tables["T"].definition


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


def test_a_mapping_with_an_unknown_filter_operator_is_not_followed(tmp_path):
    text = """
    Resources:
      F:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: fn
          Handler: a.b
          Runtime: python3.13
          Events:
            E:
              Type: DynamoDB
              Properties:
                Stream: !GetAtt T.StreamArn
                FilterCriteria: {Filters: [{Pattern: '{"a": [{"cidr": "x"}]}'}]}
      T: {Type: AWS::Serverless::SimpleTable}
    """
    application = read(tmp_path, text)

    assert not application.mappings
    assert any("unknown operator" in str(finding) for finding in application.findings)


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


def test_what_changes_nothing_here_is_passed_over_and_the_rest_is_named(tmp_path):
    text = """
    Resources:
      Logs: {Type: AWS::Logs::LogGroup}
      Alarm: {Type: AWS::CloudWatch::Alarm}
      Role: {Type: AWS::IAM::Role}
      Queue: {Type: AWS::SQS::Queue}
    """
    (finding,) = read(tmp_path, text).findings
    assert (finding.resource, finding.served) == ("Queue", False)


def test_text_that_is_no_template_is_a_clear_error(tmp_path):
    with pytest.raises(TemplateError, match="no Resources"):
        read(tmp_path, "just: text")
    with pytest.raises(TemplateError, match="not YAML"):
        read(tmp_path, "a: [")
    with pytest.raises(TemplateError, match="No such file"):
        template.read(tmp_path / "missing.yaml")


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
