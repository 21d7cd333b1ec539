"""Features of the event handler that read a request: the response is whole or a stream.

`?streamed` is a stream. Either way the body is what the route has read.
"""

import json
import re
from typing import Annotated

from aws_lambda_powertools.event_handler import (
    CORSConfig,
    LambdaFunctionUrlResolver,
    Response,
)
from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.exceptions import (
    BadRequestError,
    InternalServerError,
    ServiceError,
    UnauthorizedError,
)
from aws_lambda_powertools.event_handler.middlewares.schema_validation import (
    SchemaValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.router import Router
from pydantic import BaseModel

app = LambdaFunctionUrlResolver(
    cors=CORSConfig("https://a.example", max_age=60),
    strip_prefixes=["/base", re.compile("/v[0-9]+")],
)
validated = LambdaFunctionUrlResolver(enable_validation=True)
validated.enable_swagger(path="/swagger")
router = Router()
SCHEMA = {"type": "object", "required": ["number"]}


class Order(BaseModel):
    number: int


def answer(resolver, *read):
    text = json.dumps(read)
    if "streamed" not in (resolver.current_event.query_string_parameters or {}):
        return Response(200, "text/plain", text)
    return Response(200, "text/plain", iter(text))


@app.get("/query")
def query():
    event = app.current_event
    return answer(app, event.get_query_string_value("q"), event.headers["X-Own"])


@app.get("/dynamic/<first>/<second>")
def dynamic(first, second):
    return answer(app, first, second)


@app.get("/all/.+")
def catching_all():
    return answer(app, app.current_event.path)


@app.post("/body")
def body():
    return answer(app, app.current_event.json_body)


@app.post("/schema", middlewares=[SchemaValidationMiddleware(SCHEMA)])
@app.post("/schema-both", middlewares=[SchemaValidationMiddleware(SCHEMA, outbound_formats={})])
def of_schema():
    return answer(app, app.current_event.json_body)


@app.post("/bytes")
def decoded():
    return answer(app, app.current_event.decoded_body)


@app.route("/many", method=["PUT", "DELETE", "PATCH", "HEAD"])
def many():
    return answer(app, app.current_event.http_method)


@app.get("/context")
def context():
    return answer(app, app.lambda_context.function_name)


for error in (BadRequestError, UnauthorizedError, InternalServerError):

    @app.get(f"/{error.__name__}")
    def refusing(error=error):
        raise error("because")


@app.get("/service")
def service():
    raise ServiceError(418, "teapot")


@router.get("/routed")
def routed():
    return answer(app, router.current_event.path)


app.include_router(router, prefix="/part")


def table():
    return "the table"


@app.get("/depends")
def depends(found: Annotated[str, Depends(table)]):
    return answer(app, found)


@validated.get("/checked")
def checked(q: Annotated[int, Query(gt=0)], x_own: Annotated[str, Header()]):
    return answer(validated, q, x_own)


@validated.post("/order")
def order(order: Order):
    return answer(validated, order.number)


@validated.get("/model")
def model() -> Order:
    return Order(number=1)


def handler(event, context):
    resolver = validated if event["case"] == "validated" else app
    return resolver.resolve(event, context)
