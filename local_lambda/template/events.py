"""Reads the events of one function: routes of the REST API and event source mappings.

Page sam-property-function-api.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
Page sam-property-function-dynamodb.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from local_lambda import filters
from local_lambda.application import EventSourceMapping, Route
from local_lambda.template.cloudformation import TemplateError

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY")
_ROUTE_PROPERTIES = frozenset(
    {"Method", "Path", "ResponseTransferMode", "RestApiId", "TimeoutInMillis"}
)
_MAPPING_PROPERTIES = frozenset(
    {
        "BatchSize",
        "BisectBatchOnFunctionError",
        "Enabled",
        "FilterCriteria",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "StartingPosition",
        "Stream",
    }
)


def read_route(
    function: str,
    properties: dict[str, Any],
    binary_media_types: tuple[str, ...],
    warn: Callable[[str], None],
) -> Route:
    """Reads an event of type `Api`. Raises TemplateError."""
    if unknown := sorted(properties.keys() - _ROUTE_PROPERTIES):
        warn(f"not emulated: {', '.join(unknown)}")
    method = str(properties.get("Method", "")).upper()
    path = properties.get("Path")
    if method not in METHODS or not isinstance(path, str) or not path.startswith("/"):
        raise TemplateError(
            f"Method {properties.get('Method')!r} or Path {path!r} is missing or malformed"
        )
    mode = properties.get("ResponseTransferMode", "BUFFERED")
    if mode not in ("BUFFERED", "RESPONSE_STREAM"):
        # AWS silently treats such a value as BUFFERED.
        raise TemplateError(
            f"ResponseTransferMode {mode!r} is neither BUFFERED nor RESPONSE_STREAM"
        )
    timeout_s = float(properties.get("TimeoutInMillis", 29_000)) / 1000
    return Route(
        method=method,
        path=path,
        function=function,
        streaming=mode == "RESPONSE_STREAM",
        timeout_s=timeout_s,
        binary_media_types=binary_media_types,
    )


def read_mapping(
    function: str, table: str, properties: dict[str, Any], warn: Callable[[str], None]
) -> EventSourceMapping:
    """Reads an event of type `DynamoDB`. Raises TemplateError."""
    if unknown := sorted(properties.keys() - _MAPPING_PROPERTIES):
        warn(f"not emulated: {', '.join(unknown)}")
    response_types = properties.get("FunctionResponseTypes") or ()
    retries = int(properties.get("MaximumRetryAttempts", -1))
    return EventSourceMapping(
        function=function,
        table=table,
        batch_size=int(properties.get("BatchSize", 100)),
        batching_window_s=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        from_start=properties.get("StartingPosition") == "TRIM_HORIZON",
        patterns=tuple(_patterns(properties.get("FilterCriteria") or {})),
        report_item_failures="ReportBatchItemFailures" in response_types,
        bisect=bool(properties.get("BisectBatchOnFunctionError", False)),
        maximum_retries=None if retries < 0 else retries,
    )


def _patterns(criteria: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in criteria.get("Filters") or ():
        try:
            pattern = json.loads(entry["Pattern"])
            filters.check(pattern)
        except (KeyError, TypeError, ValueError) as error:
            raise TemplateError(f"FilterCriteria: {error}") from error
        yield pattern
