"""Turns a SAM template into the application that the emulator runs.

Parts of the template that are not emulated are named in warnings.

Page sam-specification.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from local_lambda.application import (
    ACCOUNT_ID,
    Api,
    Application,
    EventSourceMapping,
    Finding,
    Function,
    Route,
    Table,
)
from local_lambda.template.cloudformation import Resolver, TemplateError, load
from local_lambda.template.events import read_mapping, read_route
from local_lambda.template.function import read_function
from local_lambda.template.openapi import read_routes

FUNCTION = "AWS::Serverless::Function"
LAYER = "AWS::Serverless::LayerVersion"
API = "AWS::Serverless::Api"
TABLE = "AWS::DynamoDB::Table"
SIMPLE_TABLE = "AWS::Serverless::SimpleTable"
URL = "AWS::Lambda::Url"
# Properties that are read, or that have no effect in the emulator.
_API_PROPERTIES = frozenset(
    {
        "AccessLogSetting",
        "BinaryMediaTypes",
        "DefinitionBody",
        "Description",
        "EndpointConfiguration",
        "MergeDefinitions",
        "MethodSettings",
        "Name",
        "OpenApiVersion",
        "PropagateTags",
        "StageName",
        "Tags",
        "TracingEnabled",
        "Variables",
    }
)
# Prefixes of resource types that have no effect in the emulator.
_WITHOUT_EFFECT = ("AWS::CloudWatch::", "AWS::IAM::", "AWS::Lambda::Permission", "AWS::Logs::")
_TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "StreamSpecification",
)


def read(
    path: Path,
    overrides: Mapping[str, str] | None = None,
    region: str = "us-east-1",
    urls: Mapping[str, str] | None = None,
) -> Application:
    """Reads a template. Raises TemplateError.

    `urls` are the Function URLs by logical id, for templates that refer to them.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}") from error
    reader = _Reader(
        template=load(text),
        base=path.resolve().parent,
        overrides=overrides or {},
        region=region,
        urls=urls or {},
    )
    return reader.application()


class _Reader:
    def __init__(
        self,
        template: dict[str, Any],
        base: Path,
        overrides: Mapping[str, str],
        region: str,
        urls: Mapping[str, str],
    ) -> None:
        self._base = base
        self._region = region
        self._globals = template.get("Globals") or {}
        plain = Resolver(template, overrides, region)
        self._resources = {
            name: resource
            for name, resource in template["Resources"].items()
            if "Condition" not in resource or plain.condition(resource["Condition"])
        }
        self._names = {name: self._physical_name(plain, name) for name in self._resources}
        self._urls: dict[str, tuple[str, dict[str, Any]]] = {}
        self._urls = self._urls_by_function(
            Resolver(
                template,
                overrides,
                region,
                references=self._references(),
                attributes=self._attributes({}),
            )
        )
        self._resolver = Resolver(
            template,
            overrides,
            region,
            references=self._references(),
            attributes=self._attributes(urls),
        )
        self._warnings: list[str] = []

    def _of_type(self, *kinds: str) -> dict[str, dict[str, Any]]:
        return {
            name: resource
            for name, resource in self._resources.items()
            if resource.get("Type") in kinds
        }

    def _physical_name(self, resolver: Resolver, logical_id: str) -> str:
        properties = self._resources[logical_id].get("Properties") or {}
        name = properties.get("FunctionName") or properties.get("TableName")
        return str(resolver.resolve(name)) if name else logical_id

    def _urls_by_function(self, resolver: Resolver) -> dict[str, tuple[str, dict[str, Any]]]:
        """Returns the Function URLs that are resources of their own: logical id, properties."""
        functions = {self._names[name]: name for name in self._of_type(FUNCTION)}
        found = {}
        for url_id, resource in self._of_type(URL).items():
            properties = resolver.resolve(resource.get("Properties") or {})
            target = str(properties.pop("TargetFunctionArn", "")).rpartition(":")[2]
            if target not in functions:
                raise TemplateError(f"{url_id}: no function of this template is its target")
            found[functions[target]] = (url_id, properties)
        return found

    def _references(self) -> dict[str, Any]:
        """Returns the value of `!Ref` for each known resource."""
        references: dict[str, Any] = {"ServerlessRestApi": "local"}
        for name in self._of_type(FUNCTION, TABLE, SIMPLE_TABLE):
            references[name] = self._names[name]
        for name in self._of_type(LAYER):
            references[name] = self._layer_arn(name)
        return references

    def _attributes(self, urls: Mapping[str, str]) -> dict[tuple[str, str], Any]:
        """Returns the value of `!GetAtt` for each known resource."""
        attributes: dict[tuple[str, str], Any] = {}
        for name in self._of_type(FUNCTION):
            function = f"function:{self._names[name]}"
            attributes[name, "Arn"] = f"arn:aws:lambda:{self._region}:{ACCOUNT_ID}:{function}"
            if name in urls:
                url_id, _ = self._urls.get(name, (f"{name}Url", {}))
                attributes[url_id, "FunctionUrl"] = urls[name]
        for name in self._of_type(TABLE, SIMPLE_TABLE):
            arn = f"arn:aws:dynamodb:{self._region}:{ACCOUNT_ID}:table/{self._names[name]}"
            attributes[name, "Arn"] = arn
            attributes[name, "StreamArn"] = f"{arn}/stream/{name}"
        return attributes

    def _layer_arn(self, logical_id: str) -> str:
        return f"arn:aws:lambda:{self._region}:{ACCOUNT_ID}:layer:{logical_id}:1"

    def application(self) -> Application:
        self._warn_of_unknown_types()
        self._warn_of_unknown_api_properties()
        layers = {
            self._layer_arn(name): self._layer(name, resource)
            for name, resource in self._of_type(LAYER).items()
        }
        functions: dict[str, Function] = {}
        routes: list[Route] = []
        mappings: list[EventSourceMapping] = []
        for name, resource in self._of_type(FUNCTION).items():
            properties = self._merged("Function", resource)
            if name in self._urls:
                properties = {**properties, "FunctionUrlConfig": self._urls[name][1]}
            functions[name] = self._function(name, properties, layers)
            for event_name, event in (properties.get("Events") or {}).items():
                read = self._event(name, event_name, event)
                if isinstance(read, Route):
                    routes.append(read)
                elif read:
                    mappings.append(read)
        routes += self._openapi_routes(functions)
        tables = {
            name: self._table(name, resource)
            for name, resource in self._of_type(TABLE, SIMPLE_TABLE).items()
        }
        warnings = dict.fromkeys((*self._warnings, *self._resolver.warnings))
        return Application(
            functions=functions,
            apis=(Api("ServerlessRestApi", "rest", tuple(routes)),) if routes else (),
            tables=tables,
            mappings=tuple(mappings),
            findings=tuple(map(Finding, warnings)),
        )

    def _function(
        self, name: str, properties: dict[str, Any], layers: Mapping[str, Path]
    ) -> Function:
        try:
            return read_function(
                logical_id=name,
                name=self._names[name],
                properties=properties,
                resolver=self._resolver,
                base=self._base,
                layers=layers,
                warn=self._warn,
            )
        except TemplateError as error:
            raise TemplateError(f"{name}: {error}") from error

    def _event(
        self, function: str, name: str, event: dict[str, Any]
    ) -> Route | EventSourceMapping | None:
        """Reads one event. Returns None, with a warning, for one that is not emulated."""
        kind = event.get("Type")
        properties = event.get("Properties") or {}
        where = f"{function}.Events.{name}"
        try:
            if kind == "Api":
                return self._route(function, properties, where)
            if kind == "DynamoDB":
                return self._mapping(function, properties, where)
        except TemplateError as error:
            raise TemplateError(f"{where}: {error}") from error
        self._warn(f"{where}: events of type {kind} are not emulated")
        return None

    def _route(self, function: str, properties: dict[str, Any], where: str) -> Route:
        return read_route(
            function=function,
            properties=self._resolver.resolve(properties),
            binary_media_types=self._binary_types(properties),
            warn=lambda text: self._warn(f"{where}: {text}"),
        )

    def _mapping(
        self, function: str, properties: dict[str, Any], where: str
    ) -> EventSourceMapping | None:
        if self._resolver.resolve(properties.get("Enabled", True)) is False:
            self._warn(f"{where} is not enabled")
            return None
        resolved = self._resolver.resolve(properties)
        return read_mapping(
            function=function,
            table=self._table_of(str(resolved.get("Stream"))),
            properties=resolved,
            warn=lambda text: self._warn(f"{where}: {text}"),
        )

    def _table_of(self, stream_arn: str) -> str:
        for name in self._of_type(TABLE, SIMPLE_TABLE):
            if f"table/{self._names[name]}/stream/" in stream_arn:
                return name
        raise TemplateError("Stream is not the stream of a table of this template")

    def _binary_types(self, properties: dict[str, Any]) -> tuple[str, ...]:
        reference = properties.get("RestApiId")
        name = reference.get("Ref") if isinstance(reference, dict) else reference
        own = self._resources.get(name, {}).get("Properties") or {}
        shared = self._globals.get("Api") or {}
        declared = own.get("BinaryMediaTypes") or shared.get("BinaryMediaTypes") or []
        return tuple(str(kind).replace("~1", "/") for kind in self._resolver.resolve(declared))

    def _openapi_routes(self, functions: Mapping[str, Function]) -> list[Route]:
        routes: list[Route] = []
        by_arn = {function.arn(self._region): name for name, function in functions.items()}
        for name, resource in self._of_type(API).items():
            body = (resource.get("Properties") or {}).get("DefinitionBody")
            if isinstance(body, dict):
                types = self._binary_types({"RestApiId": name})
                routes += read_routes(self._resolver.resolve(body), by_arn, types, warn=self._warn)
        return routes

    def _layer(self, name: str, resource: dict[str, Any]) -> Path:
        content = self._resolver.resolve((resource.get("Properties") or {}).get("ContentUri"))
        path = self._base / str(content)
        if not isinstance(content, str) or not (path.is_dir() or is_zipfile(path)):
            raise TemplateError(
                f"{name}: ContentUri {content!r} is neither a directory nor a zip file here"
            )
        return path

    def _table(self, name: str, resource: dict[str, Any]) -> Table:
        properties = self._resolver.resolve(resource.get("Properties") or {})
        if resource["Type"] == SIMPLE_TABLE:
            properties = _as_table_properties(properties)
        definition = {key: properties[key] for key in _TABLE_PROPERTIES if key in properties}
        if "StreamSpecification" in definition:
            definition["StreamSpecification"] = {
                **definition["StreamSpecification"],
                "StreamEnabled": True,
            }
        return Table(name, self._names[name], definition)

    def _merged(self, kind: str, resource: dict[str, Any]) -> dict[str, Any]:
        return merge(self._globals.get(kind) or {}, resource.get("Properties") or {})

    def _warn_of_unknown_api_properties(self) -> None:
        declared = {"Globals.Api": self._globals.get("Api") or {}}
        for name, resource in self._of_type(API).items():
            declared[name] = resource.get("Properties") or {}
        for where, properties in declared.items():
            if unknown := sorted(properties.keys() - _API_PROPERTIES):
                self._warn(f"{where}: properties that are not emulated: {', '.join(unknown)}")

    def _warn_of_unknown_types(self) -> None:
        known = (FUNCTION, LAYER, API, TABLE, SIMPLE_TABLE, URL)
        types = {name: str(resource.get("Type")) for name, resource in self._resources.items()}
        unknown = [
            f"{name} ({kind})"
            for name, kind in types.items()
            if kind not in known and not kind.startswith(_WITHOUT_EFFECT)
        ]
        if unknown:
            self._warn(f"not emulated: {', '.join(unknown)}")

    def _warn(self, text: str) -> None:
        self._warnings.append(text)


def _as_table_properties(simple: dict[str, Any]) -> dict[str, Any]:
    """Returns the properties of the AWS::DynamoDB::Table that SAM makes of a SimpleTable."""
    key = simple.get("PrimaryKey") or {"Name": "id", "Type": "String"}
    attribute = {"AttributeName": key["Name"], "AttributeType": key["Type"][0].upper()}
    return {
        "AttributeDefinitions": [attribute],
        "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def merge(shared: Any, own: Any) -> Any:
    """Merges Globals into a resource as SAM does.

    Maps are merged, lists are concatenated, and other values are overridden.
    """
    if isinstance(shared, dict) and isinstance(own, dict):
        if _is_intrinsic(shared) or _is_intrinsic(own):
            return own
        both = {key: merge(shared[key], own[key]) for key in shared.keys() & own.keys()}
        return {**shared, **own, **both}
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return own


def _is_intrinsic(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))
