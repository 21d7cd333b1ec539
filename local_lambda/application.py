"""Describes what the emulator runs of a template, and what it does not run.

Functions, their URLs, APIs, load balancers, tables and event source mappings, and findings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACCOUNT_ID = "123456789012"
# Variables that Lambda sets itself. It refuses a function that sets one.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
RESERVED_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)


@dataclass(frozen=True)
class Finding:
    """Names one part of a template that is not served, or served in another way than on AWS.

    `resource` is a logical id, or a section such as `Parameters`. `property` is the way from there,
    such as `Events.Get.Properties.Path`. `line` counts from 1; 0 means unknown. `advice` says what
    to do. `served` says whether the resource is served all the same.
    """

    text: str
    advice: str = ""
    resource: str = ""
    property: str = ""
    line: int = 0
    served: bool = True

    def __str__(self) -> str:
        place = ".".join(part for part in (self.resource, self.property) if part)
        line = f"line {self.line}" if self.line else ""
        where = ": ".join(part for part in (line, place) if part)
        text = "; ".join(part for part in (self.text, self.advice) if part)
        return f"{where}: {text}" if where else text


@dataclass(frozen=True)
class Cors:
    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age_s: int | None = None
    allow_credentials: bool = False


@dataclass(frozen=True)
class FunctionUrl:
    """`iam` is true where AWS would check a signature: `AuthType: AWS_IAM`.

    `qualifier` is the alias that it invokes.
    """

    streaming: bool = False
    cors: Cors | None = None
    iam: bool = False
    qualifier: str = ""


@dataclass(frozen=True)
class Logging:
    """`LoggingConfig` of a function. Levels are empty where the template names none."""

    format: str = "Text"
    application_level: str = ""
    system_level: str = ""
    group: str = ""


@dataclass(frozen=True)
class Function:
    """`code` is a folder, a zip file or one file. With `inline_code` it is the template's folder.

    `layers` are folders and zip files, `packages` requirements that stand for layers which are
    known by name. `qualifiers` are the names of its aliases and versions.
    """

    logical_id: str
    name: str
    handler: str
    runtime: str
    code: Path
    inline_code: str | None = None
    layers: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    timeout_s: float = 3
    memory_mb: int = 128
    ephemeral_storage_mb: int = 512
    url: FunctionUrl | None = None
    reserved_concurrency: int | None = None
    max_concurrency: int | None = None
    snap_start: bool = False
    traced: bool = False  # `Tracing: Active`
    logging: Logging = field(default_factory=Logging)
    qualifiers: tuple[str, ...] = ()

    def arn(self, region: str) -> str:
        return f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{self.name}"


@dataclass(frozen=True)
class Authorizer:
    """Describes an authorizer of an API.

    `kind` is TOKEN or REQUEST (Lambda authorizers of function `function`, a logical id), COGNITO,
    JWT or IAM. `identity_sources` are as the template writes them, such as
    `method.request.header.Authorization` or `$request.header.Authorization`.
    """

    name: str
    kind: str
    function: str | None = None
    identity_sources: tuple[str, ...] = ()
    identity_validation: str | None = None
    payload_format: str = "1.0"
    simple_responses: bool = False
    ttl_s: int = 300


@dataclass(frozen=True)
class FixedResponse:
    """A response that a front gives by itself: a mock integration, or an action of a listener."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True)
class Route:
    """Describes one method of one resource. `timeout_s` is the timeout of its integration.

    `function` is a logical id; it is empty if there is a `fixed` response. `qualifier` is the
    version or alias of it. `payload_format` counts for HTTP APIs. An HTTP API's `$default` route
    has the path `$default` and the method ANY.
    `required` are names such as `querystring.id` and `header.x-tenant` that a request must have;
    `body` means that it must have a body.
    """

    method: str
    path: str
    function: str
    streaming: bool = False
    timeout_s: float = 29
    binary_media_types: tuple[str, ...] = ()
    payload_format: str = "2.0"
    authorizer: Authorizer | None = None
    required: tuple[str, ...] = ()
    fixed: FixedResponse | None = None
    qualifier: str = ""


@dataclass(frozen=True)
class Api:
    """Describes a REST API (`kind` "rest") or an HTTP API ("http") with one stage.

    `cors` are the rules of an HTTP API; a REST API has routes for its `Cors`. The implicit APIs
    have the logical ids `ServerlessRestApi` and `ServerlessHttpApi`.
    """

    logical_id: str
    kind: str
    routes: tuple[Route, ...] = ()
    stage: str = ""
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    cors: Cors | None = None


@dataclass(frozen=True)
class ListenerRule:
    """Describes one rule of a load balancer's listener, or its default action.

    `conditions` are the values by field: `path-pattern`, `host-header`, `http-request-method`,
    `query-string` (`key=value` or a value), `source-ip` and `http-header:NAME`. All of them must
    hold, each for one of its values.
    """

    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    function: str = ""
    multi_value_headers: bool = False
    fixed: FixedResponse | None = None


@dataclass(frozen=True)
class LoadBalancer:
    """Describes one listener of an application load balancer, its rules in order of priority."""

    logical_id: str
    rules: tuple[ListenerRule, ...] = ()


@dataclass(frozen=True)
class Table:
    logical_id: str
    name: str
    definition: dict[str, Any]


@dataclass(frozen=True)
class EventSourceMapping:
    """Connects a table's stream to a function. `table` and `function` are logical ids."""

    function: str
    table: str
    batch_size: int = 100
    batching_window_s: float = 0
    from_start: bool = True
    patterns: tuple[dict[str, Any], ...] = ()
    report_item_failures: bool = False
    bisect: bool = False
    maximum_retries: int | None = None


@dataclass(frozen=True)
class Event:
    """An event source that sends nothing here: `local-lambda event` makes its payloads.

    `kind` is SAM's event type, such as `SQS` or `Schedule`; `properties` are resolved.
    """

    function: str
    name: str
    kind: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Application:
    functions: dict[str, Function] = field(default_factory=dict)
    apis: tuple[Api, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    tables: dict[str, Table] = field(default_factory=dict)
    mappings: tuple[EventSourceMapping, ...] = ()
    events: tuple[Event, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def routes(self) -> tuple[Route, ...]:
        """Returns the routes of all APIs."""
        return tuple(route for api in self.apis for route in api.routes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Returns the findings as sentences, each once."""
        return tuple(dict.fromkeys(map(str, self.findings)))
