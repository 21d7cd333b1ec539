"""From a SAM template to the application that the emulator runs. What it does not know it names in a warning.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from local_lambda.application import (
    ACCOUNT_ID,
    Application,
    EventSourceMapping,
    Function,
    Route,
    Table,
)
from local_lambda.template.cloudformation import Resolver, TemplateError, load
from local_lambda.template.events import read_mapping, read_route
from local_lambda.template.function import read_function
from local_lambda.template.openapi import read_routes

FUNCTION, LAYER, API = (
    "AWS::Serverless::Function",
    "AWS::Serverless::LayerVersion",
    "AWS::Serverless::Api",
)
TABLE, SIMPLE_TABLE = "AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"
# What is read, and what changes nothing here.
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
# Types that change nothing here, as their prefixes.
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
    """`urls` are the Function URLs by logical id, for templates that refer to them. Raises TemplateError."""
    try:
        text = path.read_text()
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}") from error
    return _Reader(
        load(text), path.resolve().parent, overrides or {}, region, urls or {}
    ).application()


class _Reader:
    def __init__(
        self, template, base: Path, overrides, region: str, urls: Mapping[str, str]
    ) -> None:
        self._base, self._region = base, region
        self._globals = template.get("Globals") or {}
        plain = Resolver(template, overrides, region)
        self._resources = {
            name: resource
            for name, resource in template["Resources"].items()
            if "Condition" not in resource or plain.condition(resource["Condition"])
        }
        self._names = {name: self._physical_name(plain, name) for name in self._resources}
        references, attributes = self._known(urls)
        self._resolver = Resolver(template, overrides, region, references, attributes)
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

    def _known(self, urls: Mapping[str, str]):
        """What `!Ref` and `!GetAtt` give for the resources that exist here."""
        references: dict[str, Any] = {"ServerlessRestApi": "local"}
        attributes: dict[tuple[str, str], Any] = {}
        for name in self._of_type(FUNCTION):
            references[name] = self._names[name]
            attributes[name, "Arn"] = (
                f"arn:aws:lambda:{self._region}:{ACCOUNT_ID}:function:{self._names[name]}"
            )
            if name in urls:
                attributes[f"{name}Url", "FunctionUrl"] = urls[name]
        for name in self._of_type(TABLE, SIMPLE_TABLE):
            arn = f"arn:aws:dynamodb:{self._region}:{ACCOUNT_ID}:table/{self._names[name]}"
            references[name] = self._names[name]
            attributes[name, "Arn"], attributes[name, "StreamArn"] = arn, f"{arn}/stream/{name}"
        for name in self._of_type(LAYER):
            references[name] = f"arn:aws:lambda:{self._region}:{ACCOUNT_ID}:layer:{name}:1"
        return references, attributes

    def application(self) -> Application:
        self._warn_of_unknown_types()
        self._warn_of_unknown_api_properties()
        layers = {
            name: self._layer(name, resource) for name, resource in self._of_type(LAYER).items()
        }
        functions, routes, mappings = {}, [], []
        for name, resource in self._of_type(FUNCTION).items():
            properties = self._merged("Function", resource)
            functions[name] = self._function(name, properties, layers)
            for event_name, event in (properties.get("Events") or {}).items():
                self._event(name, event_name, event, routes, mappings)
        routes += self._openapi_routes(functions)
        return Application(
            functions,
            tuple(routes),
            {
                name: self._table(name, resource)
                for name, resource in self._of_type(TABLE, SIMPLE_TABLE).items()
            },
            tuple(mappings),
            tuple(dict.fromkeys((*self._warnings, *self._resolver.warnings))),
        )

    def _function(
        self, name: str, properties: dict[str, Any], layers: Mapping[str, Path]
    ) -> Function:
        known = {
            f"arn:aws:lambda:{self._region}:{ACCOUNT_ID}:layer:{layer}:1": path
            for layer, path in layers.items()
        }
        try:
            return read_function(
                name, self._names[name], properties, self._resolver, self._base, known, self._warn
            )
        except TemplateError as error:
            raise TemplateError(f"{name}: {error}") from error

    def _event(
        self, function: str, name: str, event: dict[str, Any], routes: list[Route], mappings: list
    ) -> None:
        kind, properties = event.get("Type"), event.get("Properties") or {}
        where = f"{function}.Events.{name}"
        try:
            if kind == "Api":
                resolved, types = self._resolver.resolve(properties), self._binary_types(properties)
                routes.append(
                    read_route(
                        function, resolved, types, lambda text: self._warn(f"{where}: {text}")
                    )
                )
            elif (
                kind == "DynamoDB"
                and self._resolver.resolve(properties.get("Enabled", True)) is False
            ):
                self._warn(f"{where} is not enabled")
            elif kind == "DynamoDB":
                mappings.append(self._mapping(function, properties, where))
            else:
                self._warn(f"{where}: events of type {kind} are not emulated")
        except TemplateError as error:
            raise TemplateError(f"{where}: {error}") from error

    def _mapping(self, function: str, properties: dict[str, Any], where: str) -> EventSourceMapping:
        resolved = self._resolver.resolve(properties)
        tables = self._of_type(TABLE, SIMPLE_TABLE)
        stream = str(resolved.get("Stream"))
        table = next(
            (name for name in tables if f"table/{self._names[name]}/stream/" in stream), None
        )
        if table is None:
            raise TemplateError("Stream is not the stream of a table of this template")
        return read_mapping(function, table, resolved, lambda text: self._warn(f"{where}: {text}"))

    def _binary_types(self, properties: dict[str, Any]) -> tuple[str, ...]:
        reference = properties.get("RestApiId")
        name = reference.get("Ref") if isinstance(reference, dict) else reference
        own = self._resources.get(name, {}).get("Properties") or {}
        declared = (
            own.get("BinaryMediaTypes")
            or (self._globals.get("Api") or {}).get("BinaryMediaTypes")
            or []
        )
        return tuple(str(kind).replace("~1", "/") for kind in self._resolver.resolve(declared))

    def _openapi_routes(self, functions: Mapping[str, Function]) -> list[Route]:
        routes: list[Route] = []
        by_arn = {function.arn(self._region): name for name, function in functions.items()}
        for name, resource in self._of_type(API).items():
            body = (resource.get("Properties") or {}).get("DefinitionBody")
            if isinstance(body, dict):
                types = self._binary_types({"RestApiId": name})
                routes += read_routes(self._resolver.resolve(body), by_arn, types, self._warn)
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
            key = properties.get("PrimaryKey") or {"Name": "id", "Type": "String"}
            attribute = {"AttributeName": key["Name"], "AttributeType": key["Type"][0].upper()}
            properties = {
                "AttributeDefinitions": [attribute],
                "KeySchema": [{"AttributeName": key["Name"], "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
            }
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
        everywhere = {"Globals.Api": self._globals.get("Api") or {}}
        for name, resource in self._of_type(API).items():
            everywhere[name] = resource.get("Properties") or {}
        for where, properties in everywhere.items():
            if unknown := sorted(properties.keys() - _API_PROPERTIES):
                self._warn(f"{where}: properties that are not emulated: {', '.join(unknown)}")

    def _warn_of_unknown_types(self) -> None:
        known = (FUNCTION, LAYER, API, TABLE, SIMPLE_TABLE)
        types = {name: str(resource.get("Type")) for name, resource in self._resources.items()}
        unknown = {name: kind for name, kind in types.items() if kind not in known}
        others = [
            f"{name} ({kind})"
            for name, kind in unknown.items()
            if not kind.startswith(_WITHOUT_EFFECT)
        ]
        if others:
            self._warn(f"not emulated: {', '.join(others)}")

    def _warn(self, text: str) -> None:
        self._warnings.append(text)


def merge(shared: Any, own: Any) -> Any:
    """Globals as SAM merges them: maps together, lists one after the other, anything else overridden."""
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
