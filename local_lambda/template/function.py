"""Reads one function: AWS::Serverless::Function or AWS::Lambda::Function.

Pages sam-resource-function.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
and aws-resource-lambda-function.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

import re
from dataclasses import dataclass
from pathlib import Path

from local_lambda.application import Function, FunctionUrl, Logging
from local_lambda.template.code import find_code
from local_lambda.template.differences import report_differences
from local_lambda.template.environment import read_variables
from local_lambda.template.files import kind_of
from local_lambda.template.known_layers import WRAPPING_HANDLERS
from local_lambda.template.layers import Layers
from local_lambda.template.text import TemplateError
from local_lambda.template.urls import read_url
from local_lambda.template.values import PLAIN_FUNCTION
from local_lambda.template.written import Written, shown

_OLDEST_PYTHON = 11  # minor versions of Python 3 that the emulator runs on
_NEWEST_PYTHON = 14
_PYTHON = re.compile(r"python3\.(\d+)")
_PROVIDED = ("provided", "provided.al2", "provided.al2023")
_TIMEOUT_LIMIT_S = 900
_MANAGED_TIMEOUT_LIMIT_S = 5400
_MEMORY_LIMIT_MB = 10_240
_MANAGED_LIMIT_MB = 32_768
_CONCURRENCY_FOR_EACH_VCPU = 16
_LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_SYSTEM_LEVELS = ("DEBUG", "INFO", "WARN")


@dataclass(frozen=True)
class _Code:
    path: Path
    inline: str | None = None


def read_function(
    properties: Written, layers: Layers, url: Written | None, qualifiers: tuple[str, ...]
) -> Function:
    """Reads a function. `url` is its Function URL if that is a resource. Raises TemplateError."""
    stack = properties.stack
    resource = properties.resource
    code = _code(properties)
    runtime = _runtime(properties)
    handler = _handler(properties, runtime)
    report_differences(properties)
    variables = read_variables(properties)
    found = layers.of(properties, variables)
    handler = _own_handler(properties, handler, found.packages, variables)
    _report_unbuilt(properties, runtime, code, has_layers="Layers" in properties.values)
    is_managed = "CapacityProviderConfig" in properties
    return Function(
        logical_id=resource.logical_id,
        name=stack.names[resource.logical_id],
        handler=handler,
        runtime=runtime,
        code=code.path,
        inline_code=code.inline,
        layers=found.paths,
        packages=found.packages,
        environment=variables,
        timeout_s=float(_timeout_s(properties, is_managed)),
        memory_mb=_memory_mb(properties, is_managed),
        ephemeral_storage_mb=_ephemeral_storage_mb(properties),
        url=_url(properties, url),
        reserved_concurrency=properties.optional_integer(
            "ReservedConcurrentExecutions", low=0, unit="environments"
        ),
        max_concurrency=_max_concurrency(properties),
        snap_start=_snap_start(properties),
        traced=_traced(properties),
        logging=_logging(properties),
        qualifiers=qualifiers,
    )


def _code(properties: Written) -> _Code:
    is_plain = properties.resource.kind == PLAIN_FUNCTION
    package_type = properties.need("PackageType")
    source = properties.need("Code") if is_plain and not _has_asset(properties) else None
    image = source.get("ImageUri") if isinstance(source, dict) else properties.get("ImageUri")
    if package_type == "Image" or image:
        raise TemplateError(
            "it is a container image, and images are not run here",
            property=_image_property(is_plain, bool(package_type)),
            advice="give it Runtime, Handler and CodeUri instead",
        )
    if not is_plain:
        return _sam_code(properties)
    if isinstance(source, dict) and "ZipFile" in source:
        return _inline(properties, "Code.ZipFile", source["ZipFile"])
    return _Code(find_code(properties, "Code"))


def _image_property(is_plain: bool, has_package_type: bool) -> str:
    if has_package_type:
        return "PackageType"
    return "Code.ImageUri" if is_plain else "ImageUri"


def _sam_code(properties: Written) -> _Code:
    if "InlineCode" in properties.values and (inline := properties.need("InlineCode")) is not None:
        return _inline(properties, "InlineCode", inline)
    if properties.values.get("CodeUri") is None and not _has_asset(properties):
        # The SAM CLI takes the folder of the template, too.
        return _Code(properties.stack.base)
    return _Code(find_code(properties, "CodeUri"))


def _has_asset(properties: Written) -> bool:
    return "aws:asset:path" in properties.resource.metadata


def _inline(properties: Written, key: str, text: object) -> _Code:
    if not isinstance(text, str):
        raise TemplateError(f"{shown(text)} is no text", property=key, advice="write code as text")
    return _Code(properties.stack.base, text)


def _runtime(properties: Written) -> str:
    """Returns the runtime. Raises TemplateError if it is missing or of another language."""
    runtime = properties.need("Runtime")
    if runtime is None or runtime == "":
        raise TemplateError("Runtime is missing", property="Runtime", advice="Runtime: python3.13")
    if runtime in _PROVIDED:
        return str(runtime)
    match = _PYTHON.fullmatch(str(runtime))
    if match is None:
        raise TemplateError(
            f"Runtime {runtime} is not emulated",
            property="Runtime",
            advice="python3.11 to python3.14 and provided.* are",
        )
    if not _OLDEST_PYTHON <= int(match[1]) <= _NEWEST_PYTHON:
        properties.report(
            "Runtime",
            f"Runtime {runtime} is not emulated; the interpreter of --python runs the function",
            advice="python3.11 to python3.14 are",
        )
    return str(runtime)


def _handler(properties: Written, runtime: str) -> str:
    handler = properties.need("Handler")
    if isinstance(handler, str) and handler:
        return handler
    if handler is None and runtime.startswith("provided"):
        return "bootstrap"
    text = "Handler is missing" if handler is None else f"Handler {shown(handler)} is no text"
    raise TemplateError(text, property="Handler", advice="Handler: module.function")


def _own_handler(
    properties: Written, handler: str, packages: tuple[str, ...], variables: dict[str, str]
) -> str:
    """Returns the handler; the function's own where a layer's is not in the layer's package."""
    package, variable = WRAPPING_HANDLERS.get(handler, ("", ""))
    if package not in packages:
        return handler
    text = f"{handler} is in the layer alone, and not in {package}, which stands for it"
    own = variables.get(variable, "")
    if own:
        text = f"{text}; {own} of {variable} runs without it"
    advice = "give the layer with --layer ARN=PATH"
    properties.report("Handler", text, advice=advice)
    return own or handler


def _report_unbuilt(properties: Written, runtime: str, code: _Code, has_layers: bool) -> None:
    """Names code that `sam build` would have to make first."""
    advice = "run `sam build` and give .aws-sam/build/template.yaml"
    if code.inline is not None or kind_of(code.path) != "folder":
        return
    key = "Code" if properties.resource.kind == PLAIN_FUNCTION else "CodeUri"
    method = properties.resource.metadata.get("BuildMethod")
    if runtime.startswith("provided"):
        if not has_layers and not (code.path / "bootstrap").is_file():
            text = f"there is no bootstrap in {code.path}, so every invocation fails"
            properties.report(key, text, advice=advice if method else "")
    elif method == "makefile" and (code.path / "Makefile").is_file():
        text = "its makefile has not been run; the source runs as it is"
        properties.report(key, text, advice=advice)


def _timeout_s(properties: Written, is_managed: bool) -> int:
    high = _MANAGED_TIMEOUT_LIMIT_S if is_managed else _TIMEOUT_LIMIT_S
    return properties.integer("Timeout", default=3, low=1, high=high, unit="seconds")


def _memory_mb(properties: Written, is_managed: bool) -> int:
    high = _MANAGED_LIMIT_MB if is_managed else _MEMORY_LIMIT_MB
    return properties.integer("MemorySize", default=128, low=128, high=high, unit="MB")


def _ephemeral_storage_mb(properties: Written) -> int:
    storage = properties.mapping("EphemeralStorage")
    if storage is None:
        return 512
    return storage.integer("Size", default=512, low=512, high=_MEMORY_LIMIT_MB, unit="MB")


def _max_concurrency(properties: Written) -> int | None:
    """Returns the concurrency of a managed instance.

    The default for Python is 16 for each vCPU; one vCPU is assumed.
    """
    provider = properties.mapping("CapacityProviderConfig")
    if provider is None:
        return None
    inner = provider.mapping("LambdaManagedInstancesCapacityProviderConfig") or provider
    key = "PerExecutionEnvironmentMaxConcurrency"
    default = _CONCURRENCY_FOR_EACH_VCPU
    return inner.integer(key, default=default, low=1, high=1600, unit="invocations")


def _snap_start(properties: Written) -> bool:
    snap_start = properties.mapping("SnapStart")
    if snap_start is None:
        return False
    applied = snap_start.choice("ApplyOn", ("None", "PublishedVersions"), default="None")
    return applied == "PublishedVersions"


def _traced(properties: Written) -> bool:
    if properties.resource.kind == PLAIN_FUNCTION:
        config = properties.mapping("TracingConfig")
        return bool(config) and _is_active(config, "Mode")
    return _is_active(properties, "Tracing")


def _is_active(properties: Written | None, key: str) -> bool:
    if properties is None:
        return False
    choices = ("Active", "PassThrough", "Disabled")
    return properties.choice(key, choices, default="PassThrough") == "Active"


def _logging(properties: Written) -> Logging:
    config = properties.mapping("LoggingConfig")
    if config is None:
        return Logging()
    log_format = config.choice("LogFormat", ("Text", "JSON"), default="Text")
    logging = Logging(
        format=log_format,
        application_level=config.choice("ApplicationLogLevel", _LOG_LEVELS, default=""),
        system_level=config.choice("SystemLogLevel", _SYSTEM_LEVELS, default=""),
        group=config.text("LogGroup"),
    )
    if log_format == "Text" and (logging.application_level or logging.system_level):
        config.report("", "levels have no effect without LogFormat: JSON", advice="add it")
    return logging


def _url(properties: Written, separate: Written | None) -> FunctionUrl | None:
    own = None
    if properties.resource.kind != PLAIN_FUNCTION:
        own = properties.mapping("FunctionUrlConfig")
    if own and separate:
        separate.report("", "the function has a Function URL already; FunctionUrlConfig counts")
    chosen = own or separate
    return read_url(chosen) if chosen else None
