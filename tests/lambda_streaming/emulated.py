"""Makes the payload of each front for one request, as the emulator's fronts make them."""

from dataclasses import replace

from local_lambda.application import Route
from local_lambda.fronts import payload_alb, payload_v1, payload_v2
from local_lambda.fronts.http_api import decoded_path
from local_lambda.fronts.payload import RequestContext
from local_lambda.fronts.routing import HttpRouteTable, RouteTable

CONTEXT = RequestContext(
    api_id="abc", host="abc.example", port=443, request_id="r", trace_id="Root=1-2-3", time_ms=0
)
TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"


def _route(path):
    return Route(method="ANY", path=path, function="F", binary_media_types=("*/*",))


def function_url(request):
    return payload_v2.build(request, CONTEXT)


def rest_api(request, resource="/{proxy+}", stage="prod", base_path=""):
    """`base_path`: that of a custom domain, which has no stage in its paths."""
    below = request.raw_path
    prefix = f"/{base_path}" if base_path else f"/{stage}"
    match = RouteTable([_route(resource), _route("/")]).match(request.method, below)
    paths = payload_v1.Paths(in_domain=prefix + below if base_path else below, sent=prefix + below)
    return payload_v1.build(request, match, replace(CONTEXT, stage=stage), paths)


def http_api(request, payload_format="2.0", route="$default", stage="$default"):
    path = decoded_path(request.raw_path)
    match = HttpRouteTable([_route(route)]).match(request.method, path)
    prefix = "" if stage == "$default" else f"/{stage}"
    build = payload_v2.build_for_http_api
    if payload_format == "1.0":
        build = payload_v1.build_for_http_api
    return build(request, match, replace(CONTEXT, stage=stage), path=prefix + path)


def load_balancer(request, *, multi_value=False):
    return payload_alb.build(request, CONTEXT, TARGET_GROUP, multi_value)


FRONTS = {
    "Function URL": function_url,
    "REST API": rest_api,
    "REST API behind a custom domain": lambda request: rest_api(request, base_path="shop"),
    "HTTP API, 2.0": http_api,
    "HTTP API, 2.0, named stage": lambda request: http_api(request, stage="prod"),
    "HTTP API, 1.0": lambda request: http_api(request, "1.0"),
    "HTTP API, 1.0, named stage": lambda request: http_api(request, "1.0", stage="prod"),
    "load balancer": load_balancer,
    "load balancer, multi-value": lambda request: load_balancer(request, multi_value=True),
}
