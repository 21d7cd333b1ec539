"""Every HTTP resolver of Powertools, with the same routes: whole and streamed."""

from aws_lambda_powertools.event_handler import (
    ALBResolver,
    APIGatewayHttpResolver,
    APIGatewayRestResolver,
    CORSConfig,
    LambdaFunctionUrlResolver,
    Response,
    VPCLatticeResolver,
    VPCLatticeV2Resolver,
)
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.router import Router
from aws_lambda_powertools.shared.cookies import Cookie
from lambda_streaming.powertools import StreamingResponse

RESOLVERS = {
    "url": LambdaFunctionUrlResolver,
    "http_api": APIGatewayHttpResolver,
    "rest_api": APIGatewayRestResolver,
    "load_balancer": ALBResolver,
    "lattice": VPCLatticeResolver,
    "lattice_2": VPCLatticeV2Resolver,
}
CLOSED = []


def text():
    try:
        yield "one "
        yield b"two "
        yield "three"
    finally:
        CLOSED.append("text")


def documents():
    yield {"number": 1}
    yield {"number": 2}


common = Router()


@common.get("/whole")
def whole():
    return {"name": "whole", "signs": "äöü"}


@common.get("/bytes")
def some_bytes():
    return Response(200, "image/png", b"\x89PNG\xff\x00")


@common.get("/created")
def created():
    return {"made": True}, 201


@common.get("/cookies")
def cookies():
    return Response(200, "text/plain", "sweet", cookies=[Cookie("a", "1"), Cookie("b", "2")])


@common.get("/refused")
def refused():
    raise NotFoundError("not here")


@common.get("/fails")
def fails():
    raise KeyError("gone")


@common.get("/explicit")
def explicit():
    headers = {"X-Own": "yes"}
    return StreamingResponse(201, "text/plain", text(), headers, [Cookie("a", "1")])


@common.get("/explicit-json")
def explicit_json():
    return StreamingResponse(200, "application/json", iter(['{"a":', "1}"]))


@common.get("/plain")
def plain():
    return Response(200, "text/plain", text())


@common.get("/json")
def json():
    return Response(200, "application/json", iter(['{"a":', "1}"]))


@common.get("/documents")
def some_documents():
    return documents()


@common.get("/nothing")
def nothing():
    return (number for number in ())


@common.get("/bare")
def bare():
    yield "one "
    yield "two"


@common.get("/bare-created")
def bare_created():
    return text(), 201


@common.get("/breaks")
def breaks():
    def body():
        yield "one"
        raise KeyError("late")

    return StreamingResponse(200, "text/plain", body())


@common.get("/used-up")
def used_up():
    body = text()
    list(body)
    return Response(200, "application/json", body)


@common.get("/used-up-explicit")
def used_up_explicit():
    body = text()
    list(body)
    return StreamingResponse(200, "text/plain", body)


def routes(app):
    app.include_router(common)
    return app


APPS = {name: routes(kind()) for name, kind in RESOLVERS.items()}


# --- options of a resolver, of a route, and middlewares

validated = routes(LambdaFunctionUrlResolver(enable_validation=True))
debugged = routes(LambdaFunctionUrlResolver(debug=True))
crossing = routes(LambdaFunctionUrlResolver(cors=CORSConfig("https://a.example")))
measured_balancer = routes(ALBResolver(enable_response_size_validation=True))
special = LambdaFunctionUrlResolver(serializer=lambda value: f"<{value}>")
special.get("/documents")(documents)
optioned = LambdaFunctionUrlResolver(cors=CORSConfig("https://a.example"))
nested = LambdaFunctionUrlResolver()
router = Router()
asynchronous = LambdaFunctionUrlResolver()


@optioned.get("/stream", compress=True, cache_control="max-age=60", cors=True)
def stream_with_options():
    return StreamingResponse(200, "text/plain", text())


@optioned.get("/plain", compress=True, cache_control="max-age=60")
def plain_with_options():
    return Response(200, "text/plain", text())


@optioned.get("/asked", compress=False)
def response_that_asks():
    return Response(200, "text/plain", text(), compress=True)


@optioned.get("/whole", compress=True, cache_control="max-age=60")
def whole_with_options():
    return Response(200, "text/plain", "whole " * 100)


@validated.get("/declared")
def declared() -> StreamingResponse:
    return StreamingResponse(200, "application/json", iter(["[1,", "2]"]))


@validated.get("/listed")
def listed() -> list[int]:
    return (number for number in (1, 2))


@validated.get("/wrong")
def wrong() -> list[int]:
    return (word for word in ("one", "two"))


@validated.get("/number/<number>")
def number(number: int) -> int:
    return number + 1


def middleware(app, next_middleware):
    app.append_context(before="b")
    response = next_middleware(app)
    response.headers["X-Middleware"] = type(response.body).__name__
    return response


@nested.get("/stream", middlewares=[middleware])
def with_middleware():
    return StreamingResponse(200, "text/plain", text())


@router.get("/stream")
def of_router():
    def body():
        yield router.current_event.path
        yield f" {router.context.get('tenant')} {router.lambda_context.aws_request_id}"

    router.append_context(tenant="t1")
    return StreamingResponse(200, "text/plain", body())


@nested.get("/context")
def left_of_the_context():
    return {"context": sorted(key for key in nested.context if not key.startswith("_"))}


@nested.exception_handler(ValueError)
def on_value_error(error):
    return StreamingResponse(418, "text/plain", iter(["handled ", str(error)]))


@nested.get("/raises")
def raises():
    raise ValueError("teapot")


@nested.not_found
def nothing_there(error):
    return StreamingResponse(404, "text/plain", iter(["nothing ", "there"]))


nested.include_router(router, prefix="/routed")


@asynchronous.get("/stream")
async def asynchronous_stream():
    async def body():
        yield "one "
        yield "two"

    return StreamingResponse(200, "text/plain", body())


@asynchronous.get("/json")
async def asynchronous_json():
    async def body():
        yield {"a": 1}

    return body()


def closed(event, context):
    """Returns what was closed since the last time."""
    ended = [*CLOSED]
    CLOSED.clear()
    return ended


def handler(event, context):
    case = event["case"]
    app = APPS.get(case) or globals()[case]
    if app is closed:
        return closed(event, context)
    return app.resolve(event, context)


async def resolve_async(event, context):
    return await asynchronous.resolve_async(event, context)


@asynchronous.get("/whole")
async def asynchronous_whole():
    return {"a": 1}


@asynchronous.get("/used-up")
async def asynchronous_used_up():
    async def body():
        yield "one"

    pieces = body()
    [_ async for _ in pieces]
    return pieces


@asynchronous.get("/context")
async def asynchronous_context():
    asynchronous.append_context(tenant="t1")

    async def body():
        yield asynchronous.context["tenant"]
        yield asynchronous.current_event.path

    return StreamingResponse(200, "text/plain", body())
