"""Reads the events of one function that are event source mappings.

Page sam-property-function-dynamodb.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from local_lambda import filters
from local_lambda.application import EventSourceMapping
from local_lambda.template.cloudformation import TemplateError

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
