"""StreamingResponse, with Powertools as it is: nothing is adapted here."""

import pytest
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from lambda_streaming.powertools import StreamingResponse
from lambda_streaming.testing import function_url


def resolve(app, headers=None):
    return app.resolve(function_url(headers=headers or {}), None)


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
@pytest.mark.parametrize("validated", [False, True])
def test_the_body_reaches_the_runtime_as_it_is(content_type, validated):
    app = LambdaFunctionUrlResolver(enable_validation=validated)
    body = iter(["one", "two"])

    @app.get("/", compress=True)
    def route():
        return StreamingResponse(202, content_type, body, {"X-Own": "yes"})

    result = resolve(app, {"accept-encoding": "gzip"})

    assert result["body"] is body
    assert result["statusCode"] == 202
    assert result["headers"] == {"Content-Type": content_type, "X-Own": "yes"}
    assert list(body) == ["one", "two"]


def test_a_route_that_is_declared_to_return_it_has_an_openapi_document():
    app = LambdaFunctionUrlResolver(enable_validation=True)

    @app.get("/")
    def route() -> StreamingResponse:
        return StreamingResponse(200, "text/plain", iter(()))

    assert "/" in app.get_openapi_schema(title="t", version="1").paths


def test_it_is_a_response_that_cannot_be_compressed_or_serialised():
    response = StreamingResponse(body=iter(()))

    assert isinstance(response, Response)
    assert (response.status_code, response.compress) == (200, False)
    assert not response.is_json()


@pytest.mark.parametrize("body", ["text", b"bytes", bytearray(b"x"), {"a": 1}])
def test_a_whole_body_is_refused_with_the_class_that_takes_it(body):
    with pytest.raises(TypeError, match="use Response for it"):
        StreamingResponse(200, "text/plain", body)
