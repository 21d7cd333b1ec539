"""Tests that values of the wrong kind, anywhere in a resource, never end the reading."""

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_lambda.template import template

pytestmark = pytest.mark.once
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**20), max_value=10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["python3.13", "fn", "F", "arn:aws:lambda:us-east-1:1:function:F", "S", "HASH"]
    ),
)
KEYS = st.sampled_from(
    [
        "Ref",
        "Fn::GetAtt",
        "Fn::Sub",
        "Fn::If",
        "Fn::Join",
        "Type",
        "Properties",
        "Variables",
        "Cors",
        "AllowOrigins",
        "Size",
        "Key",
        "S3Key",
        "ZipFile",
        "Mode",
        "Targets",
        "Arn",
        "AttributeName",
        "AttributeType",
        "KeyType",
        "Filters",
        "Pattern",
        "Stream",
        "AuthType",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
PROPERTIES = {
    "AWS::Serverless::Function": [
        "AutoPublishAlias",
        "CapacityProviderConfig",
        "CodeUri",
        "DeadLetterQueue",
        "Environment",
        "EphemeralStorage",
        "EventInvokeConfig",
        "FunctionName",
        "FunctionUrlConfig",
        "Handler",
        "InlineCode",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "ReservedConcurrentExecutions",
        "Runtime",
        "SnapStart",
        "Timeout",
        "Tracing",
    ],
    "AWS::Lambda::Function": ["Code", "Environment", "Layers", "Runtime", "TracingConfig"],
    "AWS::Lambda::Url": ["AuthType", "Cors", "InvokeMode", "TargetFunctionArn"],
    "AWS::Lambda::Alias": ["FunctionName", "FunctionVersion", "Name"],
    "AWS::Lambda::Version": ["FunctionName"],
    "AWS::Lambda::EventSourceMapping": ["EventSourceArn", "FilterCriteria", "FunctionName"],
    "AWS::Lambda::EventInvokeConfig": ["DestinationConfig"],
    "AWS::Serverless::LayerVersion": ["ContentUri", "LayerName"],
    "AWS::Lambda::LayerVersion": ["Content", "LayerName"],
    "AWS::DynamoDB::Table": [
        "AttributeDefinitions",
        "BillingMode",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "ProvisionedThroughput",
        "StreamSpecification",
        "TableName",
    ],
    "AWS::Serverless::SimpleTable": ["PrimaryKey"],
    "AWS::Events::Rule": ["EventPattern", "ScheduleExpression", "Targets"],
    "AWS::Scheduler::Schedule": ["ScheduleExpression", "Target"],
    "AWS::SNS::Subscription": ["Endpoint", "Protocol", "TopicArn"],
    "AWS::SNS::Topic": ["Subscription", "TopicName"],
    "AWS::S3::Bucket": ["BucketName", "NotificationConfiguration"],
    "AWS::Cognito::UserPool": ["LambdaConfig"],
    "AWS::IoT::TopicRule": ["TopicRulePayload"],
    "AWS::Logs::SubscriptionFilter": ["DestinationArn"],
}


def resources(kind):
    properties = st.dictionaries(st.sampled_from(PROPERTIES[kind]), VALUES, min_size=1, max_size=3)
    metadata = st.dictionaries(
        st.sampled_from(["BuildMethod", "aws:asset:path", "aws:cdk:path"]), VALUES, max_size=1
    )
    return st.builds(partial(resource, kind), properties, metadata)


def resource(kind, properties, metadata):
    whole = {"CodeUri": "fn", "Handler": "app.handler", "Runtime": "python3.13"}
    own = whole if kind.endswith("Serverless::Function") else {}
    return {"Type": kind, "Metadata": metadata, "Properties": {**own, **properties}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong-kinds")
    (folder / "fn").mkdir()
    return folder


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(list(PROPERTIES)).flatmap(resources), min_size=1, max_size=4))
def test_a_value_of_the_wrong_kind_is_at_most_a_finding(folder, written):
    good = resource("AWS::Serverless::Function", {}, {})
    named = {f"R{number}": each for number, each in enumerate(written)}
    path = Path(folder / "template.json")
    path.write_text(json.dumps({"Resources": {"F": good, **named}}))
    application = template.read(path)
    assert "F" in application.functions
    assert all(str(finding) for finding in application.findings)
