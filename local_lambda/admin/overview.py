"""Describes what the emulator runs at this moment, as JSON values for the page and the calls."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_lambda.application import Api, Application, Event, Function, ListenerRule
from local_lambda.environments.pool import FunctionPool
from local_lambda.environments.records import Records
from local_lambda.fronts.faults import Faults
from local_lambda.logs import Log

PARTS = ("functions", "environments", "requests", "invocations", "faults", "findings")


def sendable(application: Application) -> list[Event]:
    """Returns the events that can be sent by hand: those of the template, and its tables' records.

    A table's record has the template's properties of its mapping, and the table's name and key.
    """
    records = []
    for mapping in application.mappings:
        table = application.tables[mapping.table]
        filters = [{"Pattern": json.dumps(pattern)} for pattern in mapping.patterns]
        properties: dict[str, Any] = {
            "Table": table.name,
            "KeySchema": table.definition.get("KeySchema"),
            "AttributeDefinitions": table.definition.get("AttributeDefinitions"),
        }
        if filters:
            properties["FilterCriteria"] = {"Filters": filters}
        if mapping.report_item_failures:
            properties["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
        records.append(Event(mapping.function, mapping.table, "DynamoDB", properties))
    return [*application.events, *records]


@dataclass(frozen=True)
class Overview:
    """Knows everything that is shown.

    `pools` are by logical id. `origins` are URLs by logical id: of a function, that of its Function
    URL; of an API or a load balancer, its own.
    """

    pools: Mapping[str, FunctionPool]
    faults: Faults
    records: Records
    application: Application = field(default_factory=Application)
    origins: Mapping[str, str] = field(default_factory=dict)
    log: Log | None = None
    region: str = "us-east-1"

    def part(self, name: str) -> Any:
        """Returns one of PARTS."""
        match name:
            case "functions":
                return [self._function(pool) for pool in self.pools.values()]
            case "environments":
                return [e.describe() for pool in self.pools.values() for e in pool.environments]
            case "requests":
                return [each.describe() for each in self.faults.open_requests]
            case "invocations":
                return [record.describe() for record in self.records.latest()]
            case "faults":
                return self._faults()
            case "events":
                served = [e for e in sendable(self.application) if e.function in self.pools]
                return [self._event(event) for event in served]
            case "findings":
                return [
                    {**vars(finding), "sentence": str(finding)}
                    for finding in self.application.findings
                ]
        raise KeyError(name)

    def _event(self, event: Event) -> dict[str, Any]:
        """Returns one event of the template, as JSON values; `of` is the function's name."""
        of = self.pools[event.function].function.name
        properties = json.loads(json.dumps(event.properties, default=str))
        return {**vars(event), "properties": properties, "of": of}

    def _faults(self) -> dict[str, Any]:
        delays = self.faults.delays_ms.items()
        limits = [(name, pool.throttle_limit) for name, pool in self.pools.items()]
        return {
            "blocks": [vars(block) for block in self.faults.blocks],
            "delays": [{"path_prefix": prefix, "ms": delay_ms} for prefix, delay_ms in delays],
            "throttles": [
                {"function": name, "limit": limit} for name, limit in limits if limit is not None
            ],
        }

    def _function(self, pool: FunctionPool) -> dict[str, Any]:
        function = pool.function
        return {
            "logical_id": function.logical_id,
            "name": function.name,
            "runtime": function.runtime,
            "handler": function.handler,
            "memory_mb": function.memory_mb,
            "timeout_s": function.timeout_s,
            "url": self.origins.get(function.logical_id) if function.url else None,
            "streams": bool(function.url and function.url.streaming),
            "routes": self._routes(function),
        }

    def _routes(self, function: Function) -> list[dict[str, Any]]:
        """Returns the routes and rules that lead to the function."""
        name = function.logical_id
        found = []
        for api in self.application.apis:
            for route in api.routes:
                if route.function == name:
                    url = self._url(api, route.method, route.path)
                    routed = {"method": route.method, "path": route.path, "url": url}
                    shown = {"streams": route.streaming, "front": api.kind, "of": api.logical_id}
                    found.append({**routed, **shown})
        for balancer in self.application.load_balancers:
            for rule in balancer.rules:
                if rule.function == name:
                    path = _path_of(rule)
                    origin = self.origins.get(balancer.logical_id)
                    url = None if rule.conditions else origin
                    routed = {"method": _method_of(rule), "path": path, "url": url}
                    shown = {"streams": False, "front": "alb", "of": balancer.logical_id}
                    found.append({**routed, **shown})
        return found

    def _url(self, api: Api, method: str, path: str) -> str | None:
        """Returns where a browser can open the route, or None if it must know more."""
        origin = self.origins.get(api.logical_id)
        if not origin or "{" in path or path.startswith("$") or method not in ("GET", "ANY"):
            return None
        return origin + path.lstrip("/")


def _path_of(rule: ListenerRule) -> str:
    """Returns the paths, and the other conditions after them."""
    others = [
        f"{name}: {', '.join(values)}"
        for name, values in rule.conditions.items()
        if name not in ("path-pattern", "http-request-method")
    ]
    paths = ", ".join(rule.conditions.get("path-pattern", ())) or "*"
    return "; ".join([paths, *others])


def _method_of(rule: ListenerRule) -> str:
    return ", ".join(rule.conditions.get("http-request-method", ())) or "ANY"
