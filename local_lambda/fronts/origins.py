"""Lists the origins of an application: one front for each API and listener."""

from collections.abc import Iterator

from local_lambda.application import Api, Application
from local_lambda.fronts.fronts import Front, FrontHost
from local_lambda.fronts.function_url import FunctionUrlFront
from local_lambda.fronts.http_api import HttpApiFront
from local_lambda.fronts.load_balancer import LoadBalancerFront
from local_lambda.fronts.rest_api import RestApiFront

FIRST = "the REST API"  # the name of the first origin in `fronts_of`


def fronts_of(application: Application, host: FrontHost) -> dict[str, Front]:
    """Returns a new front for each origin and each Function URL, by names that stay the same."""
    urls = {
        f"the Function URL of {function.logical_id}": FunctionUrlFront(function, function.url, host)
        for function in application.functions.values()
        if function.url
    }
    origins = {
        f"the origin of {logical_id}": front
        for logical_id, front in further_origins(application, host)
    }
    return {FIRST: first_origin(application, host)[1], **origins, **urls}


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
