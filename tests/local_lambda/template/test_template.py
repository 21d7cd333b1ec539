"""Tests how SAM templates are read, and how mistakes and unknown parts are named."""

import pytest

from local_lambda.template import template
from local_lambda.template.cloudformation import TemplateError
from tests.local_lambda.template.reading import read


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


def test_ignored_globals_that_are_no_names_are_findings(tmp_path):
    text = """
    Globals: {Function: {Runtime: python3.13, CodeUri: fn}}
    Resources:
      F:
        Type: AWS::Serverless::Function
        IgnoreGlobals: [[Runtime], {a: b}, Timeout]
        Properties: {Handler: app.handler}
    """
    application = read(tmp_path, text)

    assert list(application.functions) == ["F"]
    assert [each.text.partition(" is no")[0] for each in application.findings] == [
        "['Runtime']",
        "{'a': 'b'}",
        "'Timeout'",
    ]
