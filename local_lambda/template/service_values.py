"""Knows what `!Ref` and `!GetAtt` return for resources of services that are not emulated.

So variables of functions look as they do on AWS. The "Return values" of each resource's page in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Names:
    """The values of one resource are made of these. `name` is its physical name."""

    id: str
    name: str
    region: str
    account: str


@dataclass(frozen=True)
class Service:
    """Holds texts with the fields of Names. In an attribute `{ref}` is what `!Ref` returns."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    def values(self, names: Names) -> dict[str, str]:
        """Returns the attributes, and `Ref`."""
        known = vars(names)
        ref = self.ref.format(**known)
        found = {key: text.format(**known, ref=ref) for key, text in self.attributes.items()}
        return {**found, "Ref": ref}


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{{region}}:{{account}}:{rest}"


def _named(service: str, rest: str, **more: str) -> Service:
    """Returns a service whose `!Ref` is the name, and that has an ARN."""
    return Service("{name}", {"Arn": _arn(service, rest), **more})


_UUID = "00000000-0000-4000-8000-000000000000"
_BUCKET = {
    "Arn": "arn:aws:s3:::{name}",
    "DomainName": "{name}.s3.amazonaws.com",
    "DualStackDomainName": "{name}.s3.dualstack.{region}.amazonaws.com",
    "RegionalDomainName": "{name}.s3.{region}.amazonaws.com",
    "WebsiteURL": "http://{name}.s3-website-{region}.amazonaws.com",
}
_QUEUE_URL = "https://sqs.{region}.amazonaws.com/{account}/{name}"
_QUEUE = {"Arn": _arn("sqs", "{name}"), "QueueName": "{name}", "QueueUrl": "{ref}"}
_STATE_MACHINE = Service(_arn("states", "stateMachine:{name}"), {"Arn": "{ref}", "Name": "{name}"})
_USER_POOL = {
    "Arn": _arn("cognito-idp", "userpool/{ref}"),
    "ProviderName": "cognito-idp.{region}.amazonaws.com/{ref}",
    "ProviderURL": "https://cognito-idp.{region}.amazonaws.com/{ref}",
    "UserPoolId": "{ref}",
}

SERVICES = {
    "AWS::Cognito::IdentityPool": Service(f"{{region}}:{_UUID}", {"Name": "{name}"}),
    "AWS::Cognito::UserPool": Service("{region}_{id}", _USER_POOL),
    "AWS::Cognito::UserPoolClient": Service("{id}", {"ClientId": "{ref}", "Name": "{name}"}),
    "AWS::Events::EventBus": _named("events", "event-bus/{name}", Name="{name}"),
    "AWS::Events::Rule": _named("events", "rule/{name}"),
    "AWS::IAM::ManagedPolicy": Service("arn:aws:iam::{account}:policy/{name}"),
    "AWS::IAM::Role": Service("{name}", {"Arn": "arn:aws:iam::{account}:role/{name}"}),
    "AWS::KMS::Alias": Service("alias/{name}"),
    "AWS::KMS::Key": Service(_UUID, {"Arn": _arn("kms", f"key/{_UUID}"), "KeyId": _UUID}),
    "AWS::Kinesis::Stream": _named("kinesis", "stream/{name}"),
    "AWS::KinesisFirehose::DeliveryStream": _named("firehose", "deliverystream/{name}"),
    "AWS::Lambda::CapacityProvider": _named("lambda", "capacity-provider:{name}"),
    "AWS::Lambda::EventSourceMapping": Service(_UUID, {"Id": _UUID}),
    "AWS::Logs::LogGroup": _named("logs", "log-group:{name}:*"),
    "AWS::S3::Bucket": Service("{name}", _BUCKET),
    "AWS::SNS::Topic": Service(_arn("sns", "{name}"), {"TopicArn": "{ref}", "TopicName": "{name}"}),
    "AWS::SQS::Queue": Service(_QUEUE_URL, _QUEUE),
    "AWS::SSM::Parameter": Service("{name}"),
    "AWS::Scheduler::Schedule": _named("scheduler", "schedule/default/{name}"),
    "AWS::Scheduler::ScheduleGroup": _named("scheduler", "schedule-group/{name}"),
    "AWS::SecretsManager::Secret": Service(
        _arn("secretsmanager", "secret:{name}-AbCdEf"), {"Id": "{ref}"}
    ),
    "AWS::Serverless::StateMachine": _STATE_MACHINE,
    "AWS::StepFunctions::Activity": Service(
        _arn("states", "activity:{name}"), {"Arn": "{ref}", "Name": "{name}"}
    ),
    "AWS::StepFunctions::StateMachine": _STATE_MACHINE,
}
