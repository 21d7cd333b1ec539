"""Names the resources that are not emulated, if a function or its clients would notice that.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Iterable

from local_lambda.template.functions import is_helper_of_cdk
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.values import FUNCTIONS, referred

# Beginnings of resource types without an effect that a function or its clients could see.
_WITHOUT_EFFECT = (
    "AWS::Amplify::",
    "AWS::ApplicationAutoScaling::",
    "AWS::ApplicationInsights::",
    "AWS::ApplicationSignals::",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::Backup::",
    "AWS::Budgets::",
    "AWS::CDK::Metadata",
    "AWS::CE::",
    "AWS::CertificateManager::",
    "AWS::Chatbot::",
    "AWS::CloudFormation::Macro",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::CloudFrontOriginAccessIdentity",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::OriginRequestPolicy",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudTrail::",
    "AWS::CloudWatch::",
    "AWS::CodeBuild::",
    "AWS::CodeDeploy::",
    "AWS::CodePipeline::",
    "AWS::Cognito::IdentityPoolRoleAttachment",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::Config::",
    "AWS::DAX::ParameterGroup",
    "AWS::DAX::SubnetGroup",
    "AWS::EC2::",
    "AWS::ECR::",
    "AWS::EFS::",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::Events::EventBusPolicy",
    "AWS::GuardDuty::",
    "AWS::IAM::",
    "AWS::KMS::Alias",
    "AWS::Lambda::Alias",
    "AWS::Lambda::CapacityProvider",
    "AWS::Lambda::CodeSigningConfig",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::",
    "AWS::MemoryDB::ParameterGroup",
    "AWS::MemoryDB::SubnetGroup",
    "AWS::OpenSearchServerless::AccessPolicy",
    "AWS::OpenSearchServerless::SecurityPolicy",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBProxyTargetGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RUM::",
    "AWS::Redshift::ClusterSubnetGroup",
    "AWS::ResourceGroups::",
    "AWS::Route53::",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Association",
    "AWS::SSM::Document",
    "AWS::SSO::",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::SecretsManager::SecretTargetAttachment",
    "AWS::Serverless::Connector",
    "AWS::ServiceCatalogAppRegistry::",
    "AWS::Signer::",
    "AWS::Synthetics::",
    "AWS::WAF::",
    "AWS::WAFRegional::",
    "AWS::WAFv2::",
    "AWS::XRay::",
    "Custom::CDKBucketDeployment",
    "Custom::LogRetention",
    "Custom::S3AutoDeleteObjects",
)
# Modules of this package read these, and name what they leave out.
_ELSEWHERE = ("AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::ElasticLoadBalancingV2::")
_NESTED = ("AWS::Serverless::Application", "AWS::CloudFormation::Stack")
_WITH_EVENTS = ("AWS::Cognito::UserPool", "AWS::S3::Bucket")  # their events are listed
_MACHINE = "AWS::Serverless::StateMachine"
_CUSTOM = ("AWS::CloudFormation::CustomResource", "Custom::")
_DEPLOYMENT_BUCKET = "ServerlessDeploymentBucket"  # the Serverless Framework adds it


def report_kinds(stack: Stack, read: Iterable[str]) -> None:
    """Reports the resources that nobody reads. `read` are the types that are read."""
    known = frozenset(read)
    for resource in stack.resources.values():
        kind = resource.kind
        if kind in known or kind.startswith((*_WITHOUT_EFFECT, *_ELSEWHERE)):
            continue
        if resource.logical_id == _DEPLOYMENT_BUCKET or is_helper_of_cdk(resource):
            continue
        _report(stack, resource)


def _report(stack: Stack, resource: Resource) -> None:
    kind = resource.kind
    text = f"resources of type {kind} are not emulated"
    advice = "whoever calls it reaches AWS, or what AWS_ENDPOINT_URL names"
    if kind in _NESTED:
        text = "nested stacks are not read"
        advice = f"start local-lambda with {_nested_template(resource)}"
    elif kind.startswith(_CUSTOM):
        text = f"custom resources are not run, so {kind} makes nothing here"
        advice = "do by hand what functions need of it"
    elif users := _users(stack, resource.logical_id):
        verb = "reaches" if len(users) == 1 else "reach"
        advice = f"{' and '.join(users)} {verb} AWS, or what AWS_ENDPOINT_URL names"
    elif invoked := _invoked(stack, resource):
        advice = f"on AWS it may invoke {' and '.join(invoked)}; here"
        advice += f" local-lambda event payload {invoked[0]} --json @FILE does"
    stack.report(resource, text, advice=advice, served=False)
    if kind == _MACHINE:
        _report_routes(stack, resource)


def _report_routes(stack: Stack, machine: Resource) -> None:
    """Reports the routes that a state machine adds to SAM's APIs: its events of type Api."""
    events = machine.properties.get("Events")
    for name, event in events.items() if isinstance(events, dict) else ():
        if isinstance(event, dict) and event.get("Type") == "Api":
            text = "the route starts a state machine, and is left out"
            advice = "invoke the functions of its states directly"
            stack.report(machine, text, property=f"Events.{name}", advice=advice, served=False)


def _nested_template(resource: Resource) -> str:
    """Returns the path of a nested template, or words for it."""
    names = (
        resource.metadata.get("aws:asset:path"),
        resource.properties.get("Location"),
        resource.properties.get("TemplateURL"),
    )
    paths = [name for name in names if isinstance(name, str) and "://" not in name]
    return paths[0] if paths else "the nested template"


def _invoked(stack: Stack, resource: Resource) -> list[str]:
    """Returns the functions that a resource refers to and whose events nobody else names."""
    if resource.kind in _WITH_EVENTS:
        return []
    names = referred(resource.properties)
    return [each.logical_id for each in stack.of_type(*FUNCTIONS) if each.logical_id in names]


def _users(stack: Stack, logical_id: str) -> list[str]:
    """Returns the functions whose variables refer to a resource."""
    return [
        each.logical_id
        for each in stack.of_type(*FUNCTIONS)
        if logical_id in referred(each.properties.get("Environment"))
    ]
