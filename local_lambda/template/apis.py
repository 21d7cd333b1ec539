"""Reads the APIs and load balancers of a stack.

SAM's, and those that CloudFormation, CDK and Serverless Framework describe.
"""

from collections.abc import Mapping

from local_lambda.application import Api, Function, LoadBalancer
from local_lambda.template import gateway, gateway_v2, load_balancers
from local_lambda.template.http_api import HTTP_API, read_http_apis
from local_lambda.template.sam_api import API, read_rest_apis
from local_lambda.template.stack import Stack
from local_lambda.template.targets import Targets

# Types that these modules read, or name themselves, or pass over.
KNOWN = (
    API,
    HTTP_API,
    *gateway.READ,
    *gateway.NAMED,
    *gateway.WITHOUT_EFFECT,
    *gateway_v2.READ,
    *gateway_v2.NAMED,
    *gateway_v2.WITHOUT_EFFECT,
    *load_balancers.READ,
    *load_balancers.WITHOUT_EFFECT,
)

_PREFIXES = ("AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::ElasticLoadBalancingV2::")


def read_apis(stack: Stack, functions: Mapping[str, Function]) -> tuple[Api, ...]:
    """Returns the APIs with a route. What cannot be served becomes a finding."""
    targets = Targets(stack, functions)
    apis = (
        *read_rest_apis(stack, functions, targets),
        *read_http_apis(stack, functions, targets),
        *gateway.read_plain_rest_apis(stack, targets),
        *gateway_v2.read_plain_http_apis(stack, targets),
    )
    _report_unserved(stack, frozenset(api.logical_id for api in apis))
    _report_unknown_types(stack)
    return apis


def _report_unserved(stack: Stack, served: frozenset[str]) -> None:
    """Reports APIs without a route, unless a finding says more about them."""
    named = {finding.resource for finding in stack.findings if not finding.served}
    for resource in stack.of_type(API, HTTP_API, gateway.REST_API, gateway_v2.API_V2):
        if resource.logical_id not in served | named:
            stack.report(
                resource,
                "it has no route that can be served",
                advice="give it an event of a function, or a definition",
                served=False,
            )


def _report_unknown_types(stack: Stack) -> None:
    for resource in stack.resources.values():
        kind = resource.kind
        if kind.startswith(_PREFIXES) and kind not in KNOWN:
            stack.report(resource, f"resources of type {kind} are not emulated", served=False)


def read_load_balancers(
    stack: Stack, functions: Mapping[str, Function]
) -> tuple[LoadBalancer, ...]:
    """Returns the listeners with a rule. What cannot be served becomes a finding."""
    return load_balancers.read_load_balancers(stack, Targets(stack, functions))
