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


def read_apis(stack: Stack, functions: Mapping[str, Function]) -> tuple[Api, ...]:
    """Returns the APIs with a route. What cannot be served becomes a finding."""
    targets = Targets(stack, functions)
    return (
        *read_rest_apis(stack, functions, targets),
        *read_http_apis(stack, functions, targets),
        *gateway.read_plain_rest_apis(stack, targets),
        *gateway_v2.read_plain_http_apis(stack, targets),
    )


def read_load_balancers(
    stack: Stack, functions: Mapping[str, Function]
) -> tuple[LoadBalancer, ...]:
    """Returns the listeners with a rule. What cannot be served becomes a finding."""
    return load_balancers.read_load_balancers(stack, Targets(stack, functions))
