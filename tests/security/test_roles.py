"""Holds each role to exactly what it may do: functions as SAM translates them, and the pipeline.

tests/system/sam/test_permissions.py compares the same with what a running service does.
"""

import json
import re

import pytest

from local_lambda.template.cloudformation import Resolver, load
from tests.support.paths import ROOT
from tests.support.sam import translate
from tests.support.tools import sam_cli

TABLE = "Table.Arn"
STREAM = {
    *(("GetItem", key) for key in ("FEED", "FEED#*", "SESSION#*", "USER#*", "CONNECTIONS")),
    *(("BatchGetItem", key) for key in ("FEED", "SESSION#*", "USER#*", "CONNECTIONS")),
    *(("Query", key) for key in ("FEED#*", "METRICS#*", "CONNECTIONS")),
    *((action, "CONNECTIONS") for action in ("PutItem", "UpdateItem", "DeleteItem")),
    ("PutItem", "FEED"),
}
API = {
    *(("GetItem", key) for key in ("FEED", "CONNECTIONS", "SESSION#*", "USER#*")),
    *(("BatchGetItem", key) for key in ("FEED#*", "METRICS#*", "CONNECTIONS")),
    *(("Query", key) for key in ("FEED#*", "METRICS#*", "CONNECTIONS", "USER#*")),
    *((action, key) for action in ("PutItem", "DeleteItem") for key in ("SESSION#*", "USER#*")),
    *(("UpdateItem", key) for key in ("USER#*", "CONNECTIONS")),
    ("PutItem", "FEED"),
}
PUBLISH = {
    ("GetItem", "FEED"),
    *(("BatchGetItem", key) for key in ("METRICS#*", "ITEM#*")),
    *(("PutItem", key) for key in ("FEED", "FEED#*", "ITEM#*")),
    *(("UpdateItem", key) for key in ("FEED", "METRICS#*")),
}
ON_DATA = {
    "StreamFunctionRole": STREAM,
    "StreamSnapStartFunctionRole": STREAM,
    "StreamInstancesFunctionRole": STREAM,
    "ApiFunctionRole": API,
    "PublishRole": PUBLISH,
}
# Beside the data: role, action and resource.
OTHERS = {
    *(
        ("PublishRole", f"dynamodb:{action}", "Table.StreamArn")
        for action in ("DescribeStream", "GetRecords", "GetShardIterator")
    ),
    ("PublishRole", "sqs:SendMessage", "PublishFailures.Arn"),
    # IAM knows no resource for it: it lists names.
    ("PublishRole", "dynamodb:ListStreams", "*"),
}
# AWS's own, which write logs and traces. They name no resource.
MANAGED = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess"}
# SAM makes it for the capacity provider of managed instances: Lambda starts EC2 instances with it.
OPERATOR, OPERATING = "StreamInstancesOperatorRole", "AWSLambdaManagedEC2ResourceOperator"
# Statements of the pipeline's role whose resource cannot name one environment, and why.
WIDE = {
    "Summaries": "both actions read a template that the caller brings, and have no resource",
    "WhatHasNoName": "event source mappings have drawn ids",
    "RestApi": "REST APIs have drawn ids",
    "Bucket": "all environments share SAM's bucket; what is in it is for `Uploads`",
}
# Parts of resources that cannot name an environment, within statements that otherwise do.
SHARED = ("stack/aws-sam-cli-managed-default/", ":aws:transform/", ":capacity-provider:")


def listed(value):
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def roles():
    """Returns the roles of every mode: conditions are left out."""
    translated = translate(sam_cli(), ROOT / "template.yaml")
    resolver = Resolver(translated, {}, "us-east-1")
    return {
        name: resolver.resolve(resource["Properties"])
        for name, resource in translated["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    }


def statements(role):
    for policy in role.get("Policies", ()):
        yield from policy["PolicyDocument"]["Statement"]


def permissions(statement):
    """Yields action, resource and pattern of keys; the pattern is None without a condition."""
    assert statement["Effect"] == "Allow"
    assert "NotAction" not in statement
    assert "NotResource" not in statement
    patterns = [None]
    if condition := statement.get("Condition"):
        ((operator, keys),) = condition.items()
        assert operator in ("ForAllValues:StringEquals", "ForAllValues:StringLike")
        assert list(keys) == ["dynamodb:LeadingKeys"]
        patterns = listed(keys["dynamodb:LeadingKeys"])
        assert operator.endswith("Like") or not any("*" in each for each in patterns)
    for action in listed(statement["Action"]):
        for resource in listed(statement["Resource"]):
            for pattern in patterns:
                yield action, resource, pattern


def test_each_function_has_a_role_of_its_own_and_there_is_no_other(roles):
    assert roles.keys() == ON_DATA.keys() | {OPERATOR}


def test_the_operator_of_managed_instances_has_lambda_s_own_policy_and_no_access_to_data(roles):
    role = roles[OPERATOR]

    assert list(statements(role)) == []
    assert [arn.rpartition("/")[2] for arn in role["ManagedPolicyArns"]] == [OPERATING]


@pytest.mark.parametrize("name", ON_DATA)
def test_a_function_may_do_exactly_this_with_these_records(roles, name):
    on_data, others = set(), set()
    for statement in statements(roles[name]):
        for action, resource, pattern in permissions(statement):
            if resource == TABLE:
                on_data.add((action.removeprefix("dynamodb:"), pattern))
            else:
                assert pattern is None
                others.add((name, action, resource))

    assert on_data == ON_DATA[name]
    assert others == {each for each in OTHERS if each[0] == name}


@pytest.mark.parametrize("name", ON_DATA)
def test_only_lambda_takes_the_role_and_only_logs_and_traces_are_added(roles, name):
    (trust,) = roles[name]["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Effect"] == "Allow"
    assert trust["Principal"].keys() == {"Service"}
    assert listed(trust["Principal"]["Service"]) == ["lambda.amazonaws.com"]
    assert listed(trust["Action"]) == ["sts:AssumeRole"]
    arns = roles[name]["ManagedPolicyArns"]
    assert {arn.rpartition("/")[2] for arn in arns} <= MANAGED


@pytest.fixture(params=["dev", "preprod", "prod"])
def pipeline(request):
    """Returns the name of an environment, and the role that deploys it."""
    template = load((ROOT / ".github/deploy-role.yaml").read_text())
    parameters = {"Repository": "owner/name", "Environment": request.param}
    resolver = Resolver(template, parameters, "us-east-1")
    return request.param, resolver.resolve(template["Resources"]["Role"]["Properties"])


def test_the_pipeline_s_role_is_for_one_environment_of_one_repository(pipeline):
    environment, role = pipeline
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    issuer = "token.actions.githubusercontent.com"

    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Principal"].keys() == {"Federated"}
    assert trust["Principal"]["Federated"].endswith(f":oidc-provider/{issuer}")
    assert trust["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": f"repo:owner/name:environment:{environment}",
        }
    }
    assert role["MaxSessionDuration"] == 3600
    assert "ManagedPolicyArns" not in role


def test_the_pipeline_s_role_reaches_its_environment_alone_but_for_what_has_no_name(pipeline):
    environment, role = pipeline
    own = re.compile(rf"lambda-sse-{environment}(?:[-/]|$)")
    wide = set()
    for statement in statements(role):
        for resource in listed(statement["Resource"]):
            if not own.search(resource) and not any(part in resource for part in SHARED):
                wide.add(statement["Sid"])

    assert wide == WIDE.keys()


def test_the_pipeline_s_role_has_actions_with_a_wildcard_on_resources_with_a_name_alone(pipeline):
    _, role = pipeline
    with_any_action = {
        (statement["Sid"], action)
        for statement in statements(role)
        for action in listed(statement["Action"])
        if action.endswith(":*")
    }

    assert {sid for sid, _ in with_any_action} == {
        "Stacks",
        "WhatTheStackIsMadeOf",
        "NotItsOwnRole",
    }
    assert not {sid for sid, _ in with_any_action} & WIDE.keys()
    assert ("NotItsOwnRole", "iam:*") in with_any_action
    assert "*" not in {action for each in statements(role) for action in listed(each["Action"])}


def test_the_pipeline_s_role_cannot_change_itself_nor_another_environment(pipeline):
    environment, role = pipeline
    denied = [each for each in statements(role) if each["Effect"] == "Deny"]
    on_roles = [
        resource
        for each in statements(role)
        if each["Effect"] == "Allow" and "iam:" in json.dumps(each["Action"])
        for resource in listed(each["Resource"])
    ]

    assert [(each["Action"], each["Resource"].rpartition("/")[2]) for each in denied] == [
        ("iam:*", f"lambda-sse-{environment}-deploy")
    ]
    assert [resource.rpartition("/")[2] for resource in on_roles] == [f"lambda-sse-{environment}-*"]
