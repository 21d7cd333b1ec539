"""Reads the properties of one AWS::Serverless::Function.

Page sam-resource-function.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_lambda.application import Cors, Function, FunctionUrl
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack

# Properties without an effect in the emulator, or without one that can be seen from outside.
_WITHOUT_EFFECT = frozenset(
    {
        "Architectures",
        "AssumeRolePolicyDocument",
        "AutoPublishAlias",
        "AutoPublishAliasAllProperties",
        "CodeSigningConfigArn",
        "DeploymentPreference",
        "Description",
        "EphemeralStorage",
        "EventInvokeConfig",
        "FunctionName",
        "KmsKeyArn",
        "LoggingConfig",
        "PackageType",
        "PermissionsBoundary",
        "Policies",
        "PropagateTags",
        "Role",
        "RolePath",
        "RuntimeManagementConfig",
        "Tags",
        "VersionDescription",
        "VpcConfig",
    }
)
_READ = frozenset(
    {
        "CapacityProviderConfig",
        "CodeUri",
        "Environment",
        "Events",
        "FunctionUrlConfig",
        "Handler",
        "Layers",
        "MemorySize",
        "ReservedConcurrentExecutions",
        "Runtime",
        "SnapStart",
        "Timeout",
        "Tracing",
    }
)


def read_function(
    stack: Stack, resource: Resource, properties: dict[str, Any], layers: Mapping[str, Path]
) -> Function:
    """Reads a function. `layers` are the paths by layer ARN. Raises TemplateError."""
    for unknown in sorted(properties.keys() - _READ - _WITHOUT_EFFECT):
        stack.report(resource, "this property is not emulated", property=unknown)
    read = {key: value for key, value in properties.items() if key in _READ - {"Events"}}
    resolved = stack.resolve(read)
    return Function(
        logical_id=resource.logical_id,
        name=stack.names[resource.logical_id],
        handler=_required(resolved, "Handler", default="bootstrap"),
        runtime=_runtime(resolved),
        code=_directory(stack.base, resolved.get("CodeUri")),
        layers=tuple(_layer(reference, layers) for reference in resolved.get("Layers") or ()),
        environment=_variables(resolved),
        timeout_s=float(resolved.get("Timeout", 3)),
        memory_mb=int(resolved.get("MemorySize", 128)),
        url=_url(stack, resource, resolved.get("FunctionUrlConfig")),
        reserved_concurrency=_integer(resolved.get("ReservedConcurrentExecutions")),
        max_concurrency=_max_concurrency(resolved),
        traced=resolved.get("Tracing") == "Active",
        snap_start=(resolved.get("SnapStart") or {}).get("ApplyOn") == "PublishedVersions",
    )


def _required(properties: dict[str, Any], key: str, default: str | None = None) -> str:
    value = properties.get(key, default)
    if not isinstance(value, str):
        raise TemplateError(f"{key} is missing")
    return value


def _runtime(properties: dict[str, Any]) -> str:
    runtime = _required(properties, "Runtime")
    if not runtime.startswith(("python", "provided")):
        raise TemplateError(f"Runtime {runtime} is not emulated; python3.x and provided.* are")
    return runtime


def _directory(base: Path, code: Any) -> Path:
    path = base / str(code)
    if not isinstance(code, str) or not path.is_dir():
        raise TemplateError(f"CodeUri {code!r} is not a directory here")
    return path.resolve()


def _layer(reference: Any, layers: Mapping[str, Path]) -> Path:
    if reference not in layers:
        raise TemplateError(f"layer {reference!r} is not in this template")
    return layers[reference]


def _variables(properties: dict[str, Any]) -> dict[str, str]:
    variables = (properties.get("Environment") or {}).get("Variables") or {}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in variables.items()
    }


def _max_concurrency(properties: dict[str, Any]) -> int | None:
    """Returns the concurrency of a managed instance.

    The default for Python is 16 for each vCPU; one vCPU is assumed.
    """
    provider = properties.get("CapacityProviderConfig")
    return int(provider.get("PerExecutionEnvironmentMaxConcurrency", 16)) if provider else None


def _integer(value: Any) -> int | None:
    return None if value is None else int(value)


def _url(
    stack: Stack, resource: Resource, configuration: dict[str, Any] | None
) -> FunctionUrl | None:
    if configuration is None:
        return None
    mode = configuration.get("InvokeMode", "BUFFERED")
    if mode not in ("BUFFERED", "RESPONSE_STREAM"):
        raise TemplateError(f"InvokeMode {mode!r} is neither BUFFERED nor RESPONSE_STREAM")
    auth_type = configuration.get("AuthType")
    if auth_type != "NONE":
        stack.report(
            resource,
            f"AuthType {auth_type} of the Function URL is not checked here",
            property="FunctionUrlConfig.AuthType",
        )
    cors = _cors(configuration.get("Cors"))
    is_iam = auth_type == "AWS_IAM"
    return FunctionUrl(streaming=mode == "RESPONSE_STREAM", cors=cors, iam=is_iam)


def _cors(configuration: dict[str, Any] | None) -> Cors | None:
    if not configuration:
        return None
    return Cors(
        allow_origins=tuple(configuration.get("AllowOrigins") or ()),
        allow_methods=tuple(configuration.get("AllowMethods") or ()),
        allow_headers=tuple(configuration.get("AllowHeaders") or ()),
        expose_headers=tuple(configuration.get("ExposeHeaders") or ()),
        max_age_s=_integer(configuration.get("MaxAge")),
        allow_credentials=bool(configuration.get("AllowCredentials", False)),
    )
