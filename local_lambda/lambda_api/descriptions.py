"""Describes functions as Lambda's API does. It has the fields that the emulator knows.

https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

from datetime import UTC, datetime
from typing import Any

from local_lambda.application import Cors, Function, FunctionUrl
from local_lambda.lambda_api.calls import LATEST

_ROLE = "arn:aws:iam::123456789012:role/local-lambda"
_STARTED_AT = datetime.now(UTC)


def configuration(function: Function, region: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": function.arn(region),
        "Runtime": function.runtime,
        "Role": _ROLE,
        "Handler": function.handler,
        "CodeSize": 0,
        "Description": "",
        "Timeout": int(function.timeout_s),
        "MemorySize": function.memory_mb,
        "LastModified": f"{_STARTED_AT:%Y-%m-%dT%H:%M:%S.000+0000}",
        "Version": LATEST,
        "TracingConfig": {"Mode": "Active" if function.traced else "PassThrough"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "EphemeralStorage": {"Size": function.ephemeral_storage_mb},
        "LoggingConfig": {
            "LogFormat": function.logging.format,
            "LogGroup": function.logging.group or f"/aws/lambda/{function.name}",
        },
    }
    if function.environment:
        fields["Environment"] = {"Variables": dict(function.environment)}
    return fields


def description(function: Function, region: str) -> dict[str, Any]:
    """Returns the result of GetFunction. `Location` is where the code lies on this machine."""
    fields: dict[str, Any] = {
        "Configuration": configuration(function, region),
        "Code": {"RepositoryType": "local", "Location": function.code.resolve().as_uri()},
        "Tags": {},
    }
    if function.reserved_concurrency is not None:
        fields["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
    return fields


def url_configuration(
    function: Function, function_url: FunctionUrl, url: str, region: str
) -> dict[str, Any]:
    """Returns the result of GetFunctionUrlConfig."""
    moment = f"{_STARTED_AT:%Y-%m-%dT%H:%M:%SZ}"
    fields: dict[str, Any] = {
        "FunctionUrl": url,
        "FunctionArn": function.arn(region),
        "AuthType": "AWS_IAM" if function_url.iam else "NONE",
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "InvokeMode": "RESPONSE_STREAM" if function_url.streaming else "BUFFERED",
    }
    if function_url.cors:
        fields["Cors"] = _cors(function_url.cors)
    return fields


def _cors(cors: Cors) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "AllowOrigins": list(cors.allow_origins),
        "AllowMethods": list(cors.allow_methods),
        "AllowHeaders": list(cors.allow_headers),
        "ExposeHeaders": list(cors.expose_headers),
        "AllowCredentials": cors.allow_credentials,
    }
    if cors.max_age_s is not None:
        fields["MaxAge"] = cors.max_age_s
    return fields
