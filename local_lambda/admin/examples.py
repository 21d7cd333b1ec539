"""Makes payloads to begin with: those that the template's own routes and events would send.

They come from what makes the real ones, so they have every field.
"""

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_lambda.application import Api, Application, Event, Route
from local_lambda.environments.tracing import new_root
from local_lambda.events import payloads
from local_lambda.events.defaults import KINDS, defaults
from local_lambda.events.payloads import Origin
from local_lambda.fronts import payload_alb, payload_v1, payload_v2
from local_lambda.fronts.payload import RequestContext
from local_lambda.fronts.routing import RouteMatch
from local_lambda.http.messages import HttpRequest

_TEXT = "Hello from local-lambda"
_ITEM = {"id": "local", "text": _TEXT}
# Arguments that a function of payloads.py must have, by its name: the kind of the event.
_SAMPLES: dict[str, dict[str, Any]] = {
    "sqs": {"bodies": [json.dumps(_ITEM)]},
    "sns": {"message": _TEXT},
    "s3": {},
    "eventbridge": {},
    "schedule": {},
    "kinesis": {"data": [json.dumps(_ITEM)]},
    "dynamodb": {"new_image": _ITEM},
    "logs": {"messages": [_TEXT]},
}
_HOST = "localhost"
_PARAMETER = re.compile(r"\{([^}+]+)\+?\}")


def examples(application: Application, region: str) -> list[dict[str, Any]]:
    """Returns examples with `function` (a logical id, or empty for any), `name` and `payload`."""
    origin = Origin(region, datetime.now(UTC))
    found = [*_of_urls(application), *_of_routes(application), *_of_rules(application, origin)]
    for event in application.events:
        kind = next((kind for kind, types in KINDS.items() if event.kind in types), "")
        payload = _of_event(kind, event, origin) if kind else None
        if payload is not None:
            found.append(_example(event.function, f"{event.name} ({event.kind})", payload))
    url_payload = payload_v2.build(_request("GET", "/"), _context())
    found.append(_example("", "Function URL: GET /", url_payload))
    for kind, sample in _SAMPLES.items():
        found.append(_example("", kind, getattr(payloads, kind)(origin, **sample)))
    return found


def _example(function: str, name: str, payload: Any) -> dict[str, Any]:
    return {"function": function, "name": name, "payload": payload}


def _of_urls(application: Application) -> Iterator[dict[str, Any]]:
    for function in application.functions.values():
        if function.url:
            for method in ("GET", "POST"):
                payload = payload_v2.build(_request(method, "/"), _context())
                yield _example(function.logical_id, f"Function URL: {method} /", payload)


def _of_routes(application: Application) -> Iterator[dict[str, Any]]:
    for api in application.apis:
        for route in api.routes:
            if route.function:
                name = f"{route.method} {route.path}"
                yield _example(route.function, name, _route_payload(api, route))


def _route_payload(api: Api, route: Route) -> dict[str, Any]:
    parameters = {name: name for name in _PARAMETER.findall(route.path)}
    path = _PARAMETER.sub(r"\1", route.path)
    if not path.startswith("/"):
        path = "/"  # `$default`
    method = "GET" if route.method in ("ANY", "*") else route.method
    request = _request(method, path)
    match = RouteMatch(route, parameters)
    context = _context(stage=api.stage or "local", variables=api.stage_variables)
    if api.kind == "rest":
        return payload_v1.build(request, match, context, payload_v1.Paths(path, path))
    if route.payload_format == "1.0":
        return payload_v1.build_for_http_api(request, match, context, path=path)
    return payload_v2.build_for_http_api(request, match, context, path=path)


def _of_rules(application: Application, origin: Origin) -> Iterator[dict[str, Any]]:
    for balancer in application.load_balancers:
        for rule in balancer.rules:
            if rule.function:
                (pattern, *_) = rule.conditions.get("path-pattern", ("/",))
                path = pattern.replace("*", "any").replace("?", "a")
                arn = origin.arn("elasticloadbalancing", "targetgroup/local/0123456789abcdef")
                multi_value = rule.multi_value_headers
                payload = payload_alb.build(_request("GET", path), _context(), arn, multi_value)
                yield _example(rule.function, f"load balancer: GET {path}", payload)


def _of_event(kind: str, event: Event, origin: Origin) -> Any:
    """Returns the payload of an event of the template, or None if it says too little for one."""
    found = defaults(event.kind, event.name, event.properties)
    try:
        if "input" in found:
            return json.loads(str(found["input"]))
        return getattr(payloads, kind)(origin, **{**_SAMPLES.get(kind, {}), **found})
    except (TypeError, ValueError):
        return None


def _request(method: str, path: str) -> HttpRequest:
    headers = [("Host", _HOST), ("Accept", "*/*"), ("User-Agent", "local-lambda")]
    body = b""
    if method in ("POST", "PUT", "PATCH"):
        body = json.dumps({"text": _TEXT}).encode()
        headers.append(("Content-Type", "application/json"))
    return HttpRequest(method, f"{path}?name=value", tuple(headers), body)


def _context(stage: str = "$default", variables: Mapping[str, str] | None = None) -> RequestContext:
    now_s = time.time()
    return RequestContext(
        api_id="local",
        host=_HOST,
        port=80,
        request_id=str(uuid.uuid4()),
        trace_id=f"Root={new_root(now_s)}",
        time_ms=int(now_s * 1000),
        stage=stage,
        stage_variables=variables or {},
    )
