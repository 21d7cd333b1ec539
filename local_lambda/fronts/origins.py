"""Lists the origins of an application: one front for each API and listener."""

from collections.abc import Iterator

from local_lambda.application import Api, Application
from local_lambda.fronts.fronts import Front, FrontHost
from local_lambda.fronts.http_api import HttpApiFront
from local_lambda.fronts.load_balancer import LoadBalancerFront
from local_lambda.fronts.rest_api import RestApiFront


def first_origin(application: Application, host: FrontHost) -> tuple[str, Front]:
    """Returns the logical id and the front of the first REST API.

    An application without one gets a REST API without routes, which has no logical id.
    """
    first = next((api for api in application.apis if api.kind == "rest"), Api("", "rest"))
    return first.logical_id, RestApiFront(first, host)


def further_origins(application: Application, host: FrontHost) -> Iterator[tuple[str, Front]]:
    """Yields the logical ids and fronts of all other APIs and of the load balancers."""
    first = next((api for api in application.apis if api.kind == "rest"), None)
    for api in application.apis:
        if api.kind == "http":
            yield api.logical_id, HttpApiFront(api, host)
        elif api is not first:
            yield api.logical_id, RestApiFront(api, host)
    for load_balancer in application.load_balancers:
        yield load_balancer.logical_id, LoadBalancerFront(load_balancer, host)
