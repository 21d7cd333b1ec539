"""Tests CORS of a Function URL."""

from local_lambda.application import Cors
from local_lambda.fronts import cors
from local_lambda.http.messages import HttpRequest

RULES = Cors(
    allow_origins=("https://a.example", "https://*.b.example"),
    allow_methods=("GET",),
    allow_headers=("x-a",),
    expose_headers=("x-b",),
    max_age_s=60,
    allow_credentials=True,
)


def ask(method="GET", **headers):
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method, "/", headers=pairs)


def test_cors_headers_go_to_allowed_origins_alone():
    allowed = cors.response_headers(RULES, ask(origin="https://a.example"))
    assert ("Access-Control-Allow-Origin", "https://a.example") in allowed
    assert cors.response_headers(RULES, ask(origin="https://x.b.example"))
    assert cors.response_headers(RULES, ask(origin="https://evil.example")) == ()
    assert cors.response_headers(RULES, ask()) == ()
    assert cors.response_headers(Cors(("*",)), ask(origin="https://any"))[0][1] == "*"
    with_credentials = Cors(("*",), allow_credentials=True)
    headers = cors.response_headers(with_credentials, ask(origin="https://any"))
    assert headers[0][1] == "https://any"


def test_any_origin_of_a_scheme_may_be_allowed():
    rules = Cors(allow_origins=("https://*",))
    assert cors.response_headers(rules, ask(origin="https://any.example"))
    assert cors.response_headers(rules, ask(origin="http://any.example")) == ()


def test_an_options_request_that_is_no_preflight_goes_to_the_function():
    assert cors.preflight(RULES, ask("OPTIONS", origin="https://a.example")) is None
    assert cors.preflight(
        RULES, ask("OPTIONS", origin="https://a.example", access_control_request_method="GET")
    )
