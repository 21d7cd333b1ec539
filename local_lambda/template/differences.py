"""Names the properties of functions that have no effect here, and one on AWS that can be seen.

Page aws-resource-lambda-function.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from typing import Any

from local_lambda.template.values import PLAIN_FUNCTION
from local_lambda.template.written import Written

# Properties without an effect in the emulator, or without one that can be seen from outside.
_WITHOUT_EFFECT = frozenset(
    {
        "Architectures",
        "AssumeRolePolicyDocument",
        "AutoPublishAlias",
        "AutoPublishAliasAllProperties",
        "AutoPublishCodeSha256",
        "CodeSigningConfigArn",
        "Connectors",
        "DeploymentPreference",
        "Description",
        "FunctionName",
        "FunctionScalingConfig",
        "KmsKeyArn",
        "LogGroup",
        "PackageType",
        "PermissionsBoundary",
        "Policies",
        "PropagateTags",
        "PublishToLatestPublished",
        "RecursiveLoop",
        "Role",
        "RolePath",
        "RuntimeManagementConfig",
        "SourceKMSKeyArn",
        "Tags",
        "VersionDeletionPolicy",
        "VersionDescription",
        "VpcConfig",
    }
)
_READ = frozenset(
    {
        "CapacityProviderConfig",
        "Environment",
        "EphemeralStorage",
        "Handler",
        "ImageUri",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "ReservedConcurrentExecutions",
        "Runtime",
        "SnapStart",
        "Timeout",
    }
)
_READ_OF_SAM = frozenset({"CodeUri", "Events", "FunctionUrlConfig", "InlineCode", "Tracing"})
_READ_OF_PLAIN = frozenset({"Code", "TracingConfig"})
_NAMED = {
    "DeadLetterConfig": "asynchronous invocations that fail are dropped here",
    "DeadLetterQueue": "asynchronous invocations that fail are dropped here",
    "DurableConfig": "durable functions are not emulated; it runs as an ordinary function",
    "FileSystemConfigs": "no file system is mounted here",
    "ProvisionedConcurrencyConfig": "no environment is started in advance here",
    "TenancyConfig": "tenants are not kept apart here; environments are shared",
}
_FOR_SAM = {
    "Code": "it is a property of AWS::Lambda::Function; write CodeUri or InlineCode",
    "TracingConfig": "it is a property of AWS::Lambda::Function; write Tracing",
}
_FOR_PLAIN = {
    "CodeUri": "it is a property of AWS::Serverless::Function; write Code",
    "Events": "it is a property of AWS::Serverless::Function",
    "FunctionUrlConfig": "it is a property of AWS::Serverless::Function; write AWS::Lambda::Url",
    "InlineCode": "it is a property of AWS::Serverless::Function; write Code: {ZipFile: ...}",
    "Policies": "it is a property of AWS::Serverless::Function",
    "Tracing": "it is a property of AWS::Serverless::Function; write TracingConfig",
}


def report_differences(properties: Written) -> None:
    """Names the properties that are not emulated."""
    is_plain = properties.resource.kind == PLAIN_FUNCTION
    read = _READ | (_READ_OF_PLAIN if is_plain else _READ_OF_SAM)
    foreign = _FOR_PLAIN if is_plain else _FOR_SAM
    for key in sorted(map(str, properties.values)):
        if key in foreign:
            properties.report(key, "it has no effect", advice=foreign[key])
        elif key == "EventInvokeConfig":
            report_destinations(properties.mapping("EventInvokeConfig"))
        elif key in _NAMED and not is_empty(properties.values[key]):
            properties.report(key, _NAMED[key])
        elif key not in read and key not in _WITHOUT_EFFECT and key not in _NAMED:
            properties.report(key, "this property is not emulated")


def is_empty(value: Any) -> bool:
    """Returns whether a property is as good as not there."""
    return value is None or value == {"Ref": "AWS::NoValue"} or value in ({}, [], "")


def report_destinations(config: Written | None) -> None:
    """Names the destinations of asynchronous invocations."""
    if config and not is_empty(config.values.get("DestinationConfig")):
        config.report("DestinationConfig", "results of asynchronous invocations go nowhere here")
