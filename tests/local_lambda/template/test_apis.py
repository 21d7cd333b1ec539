"""Tests what becomes of APIs and load balancers: authorizers, timeouts, fixed responses, CORS."""

import json
import textwrap

import pytest

from local_lambda.application import Authorizer, Cors, FixedResponse
from local_lambda.template import template
from tests.support.corpus import CORPUS, read_case

FUNCTION = """
  F:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: fn, Handler: app.handler, Runtime: python3.13}
"""
LAMBDA = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${F.Arn}/invocations"


def read(tmp_path, text, **kwargs):
    (tmp_path / "fn").mkdir(exist_ok=True)
    (tmp_path / "fn/app.py").write_text("def handler(event, context): return {}\n")
    path = tmp_path / "template.yaml"
    path.write_text(textwrap.dedent(text))
    return template.read(path, **kwargs)


def api(application, logical_id):
    return next(api for api in application.apis if api.logical_id == logical_id)


def route(application, method, path):
    (found,) = (each for each in application.routes if (each.method, each.path) == (method, path))
    return found


def test_stages_and_their_variables_are_read():
    application = read_case("api_two_explicit")
    shop = api(application, "Shop")

    assert (shop.kind, shop.stage, shop.stage_variables) == (
        "rest",
        "live",
        {"LEVEL": "high", "LIMIT": "5"},
    )
    assert api(application, "ServerlessRestApi").stage == "Prod"
    assert shop.routes[0].binary_media_types == ("image/png",)
    assert api(read_case("api_globals"), "ServerlessHttpApi").stage == "$default"


def test_authorizers_of_a_rest_api_have_their_identity_and_cache():
    application = read_case("api_lambda_authorizers")

    assert route(application, "GET", "/default").authorizer == Authorizer(
        name="Token",
        kind="TOKEN",
        function="GuardFunction",
        identity_sources=("method.request.header.X-Token",),
        identity_validation="^Bearer .+$",
        ttl_s=60,
    )
    assert route(application, "GET", "/query").authorizer == Authorizer(
        name="Query",
        kind="REQUEST",
        function="GuardFunction",
        identity_sources=("method.request.header.X-Tenant", "method.request.querystring.key"),
        ttl_s=0,
    )
    assert route(application, "GET", "/open").authorizer is None
    assert route(application, "OPTIONS", "/default").authorizer is None


def test_the_preflight_of_a_rest_api_needs_the_default_authorizer_as_on_aws():
    preflight = route(read_case("api_unchecked_authorizers"), "OPTIONS", "/a")

    assert preflight.authorizer.kind == "COGNITO"


def test_authorizers_of_an_http_api_have_format_and_identity():
    application = read_case("http_api_authorizers")
    guard = route(application, "GET", "/a").authorizer

    assert guard == Authorizer(
        name="Guard",
        kind="REQUEST",
        function="GuardFunction",
        identity_sources=("$request.header.Authorization",),
        payload_format="2.0",
        simple_responses=True,
    )
    assert route(application, "GET", "/b").authorizer is None
    assert route(application, "GET", "/c").authorizer.kind == "JWT"
    assert route(application, "GET", "/d").authorizer.kind == "IAM"
    assert api(application, "Web").stage_variables == {"MODE": "full"}


def test_cors_of_a_rest_api_is_a_fixed_response_for_each_path():
    application = read_case("api_cors")

    assert route(application, "OPTIONS", "/a").fixed == FixedResponse(
        headers=(
            ("Access-Control-Allow-Origin", "https://example.org"),
            ("Access-Control-Allow-Headers", "Content-Type,Authorization"),
            ("Access-Control-Allow-Methods", "GET,OPTIONS,PUT"),
            ("Access-Control-Max-Age", "600"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Content-Type", "application/json"),
        ),
        body="{}\n",
    )
    assert route(application, "OPTIONS", "/own").function == "OpenFunction"
    assert not api(application, "OpenApi").cors


def test_cors_of_an_http_api_are_rules():
    application = read_case("http_api_cors")

    assert api(application, "Mapped").cors == Cors(
        allow_origins=("https://example.org",),
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        expose_headers=("x-total",),
        max_age_s=300,
        allow_credentials=True,
    )
    assert api(application, "Everyone").cors == Cors(allow_origins=("*",))
    assert api(application, "Text").cors is None
    assert api(read_case("openapi_file"), "FromFile").cors.max_age_s == 60


def test_only_what_a_validator_checks_is_required():
    application = read_case("api_request_parameters")
    assert route(application, "POST", "/orders/{shop}").required == ("body", "querystring.id")
    assert route(application, "GET", "/orders").required == ()

    swagger = read_case("openapi_swagger_2")
    assert route(swagger, "GET", "/items").required == ("header.x-tenant", "querystring.page")
    assert route(read_case("gateway_tree"), "GET", "/items").required == ("querystring.page",)


def test_a_definition_has_its_security_scheme_and_its_stage_variables():
    application = read_case("openapi_swagger_2")
    get = route(application, "GET", "/items")

    assert get.function == "StoreFunction"
    assert get.binary_media_types == ("application/pdf",)
    assert get.authorizer == Authorizer(
        name="guard",
        kind="TOKEN",
        function="GuardFunction",
        identity_sources=("method.request.header.X-Token",),
        ttl_s=0,
    )
    assert route(application, "POST", "/items").authorizer is None
    assert route(application, "OPTIONS", "/items").fixed == FixedResponse(
        status=204,
        headers=(
            ("Access-Control-Allow-Origin", "*"),
            ("Content-Type", "application/json"),
        ),
    )


def test_a_streaming_route_has_its_own_timeout():
    chat = route(read_case("openapi_streaming"), "POST", "/chat")
    assert (chat.streaming, chat.timeout_s) == (True, 600)

    events = read_case("api_timeouts")
    assert route(events, "GET", "/stream").timeout_s == 900
    assert route(events, "GET", "/format").payload_format == "1.0"
    assert route(events, "GET", "/web").timeout_s == 30


def test_a_tree_of_plain_resources_has_what_its_methods_say():
    application = read_case("gateway_tree")
    shop = api(application, "Shop")
    listed = route(application, "GET", "/items")
    item = route(application, "ANY", "/items/{id}")

    assert (shop.stage, shop.stage_variables) == ("live", {"MODE": "full"})
    assert (listed.timeout_s, listed.binary_media_types) == (5, ("image/*",))
    assert listed.authorizer == Authorizer(
        name="Guard",
        kind="REQUEST",
        function="ItemsFunction",
        identity_sources=(
            "method.request.header.Authorization",
            "method.request.querystring.tenant",
        ),
        ttl_s=60,
    )
    assert (item.streaming, item.timeout_s, item.authorizer) == (True, 120, None)
    assert route(application, "OPTIONS", "/items").fixed.status == 204


def test_an_http_api_of_plain_resources_has_what_its_routes_say():
    application = read_case("gateway_v2")
    web = api(application, "Web")
    get = route(application, "GET", "/items")

    assert (web.kind, web.stage, web.stage_variables) == ("http", "$default", {"MODE": "full"})
    assert web.cors == Cors(allow_origins=("*",), allow_methods=("*",))
    assert (get.timeout_s, get.payload_format, get.authorizer.name) == (6.5, "2.0", "Guard")
    assert get.authorizer.simple_responses
    assert route(application, "POST", "/items").payload_format == "1.0"
    assert api(application, "Quick").routes[0].function == "ItemsFunction"


def test_a_listener_has_its_rules_in_order_of_priority():
    balancers = read_case("load_balancer").load_balancers
    http = next(each for each in balancers if each.logical_id == "Http")
    first, second, third, login, secure, default = http.rules

    assert first.conditions == {
        "host-header": ("a.example.org",),
        "http-header:X-Kind": ("one", "two"),
        "http-request-method": ("GET",),
        "query-string": ("version=2", "beta"),
        "source-ip": ("127.0.0.0/8",),
    }
    assert (first.function, first.multi_value_headers) == ("ItemsFunction", True)
    assert second.conditions == {"path-pattern": ("/items/*",)}
    assert third.fixed == FixedResponse(
        status=301, headers=(("Location", "#{protocol}://#{host}:#{port}/other?#{query}"),)
    )
    assert login.function == "ItemsFunction"
    assert secure.fixed.headers == (("Location", "https://#{host}:443/#{path}?#{query}"),)
    assert default.fixed == FixedResponse(
        status=404, headers=(("Content-Type", "text/plain"),), body="nothing here"
    )


def test_a_function_gets_the_origins_of_the_emulator_as_addresses():
    urls = {"ServerlessRestApi": "http://127.0.0.1:8000/", "Web": "http://127.0.0.1:8001/"}
    path = CORPUS / "api_addresses/template.yaml"
    environment = template.read(path, urls=urls).functions["ShopFunction"].environment

    assert environment == {
        "IMPLICIT": "http://127.0.0.1:8000/Prod",
        "HTTP": "https://ServerlessHttpApi.execute-api.us-east-1.amazonaws.com",
        "ENDPOINT": "http://127.0.0.1:8001",
        "ROOT": "Shop.RootResourceId",
        "STAGE": "live",
        "STAGES": "live live $default",
    }


def test_a_function_gets_the_address_of_a_listener(tmp_path):
    text = f"""
Resources:
  Balancer: {{Type: AWS::ElasticLoadBalancingV2::LoadBalancer}}
  Http:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {{LoadBalancerArn: !Ref Balancer, DefaultActions: []}}
{FUNCTION.rstrip()[:-1]}, Environment: {{Variables: {{ADDRESS: !GetAtt Balancer.DNSName}}}}}}
"""
    served = read(tmp_path, text, urls={"Http": "http://127.0.0.1:9000/"})

    assert served.functions["F"].environment == {"ADDRESS": "127.0.0.1:9000"}


@pytest.mark.parametrize(
    "arn",
    [
        "!GetAtt F.Arn",
        "!Sub '${F.Arn}:live'",
        "!Ref F",
        "!Sub 'arn:aws:lambda:eu-west-1:999999999999:function:${F}'",
        "!Ref Live",
    ],
)
def test_a_function_is_found_by_name_arn_alias_and_version(tmp_path, arn):
    text = f"""
Resources:
  Web: {{Type: AWS::ApiGatewayV2::Api, Properties: {{ProtocolType: HTTP, Target: {arn}}}}}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {{FunctionName: !Ref F, Name: live, FunctionVersion: $LATEST}}
{FUNCTION}"""
    assert [each.function for each in read(tmp_path, text).routes] == ["F"]


@pytest.mark.parametrize(
    ("responses", "template_", "expected"),
    [
        ({"default": {"statusCode": 404}}, "{}", FixedResponse(404)),
        ({"2..": {"statusCode": "202"}, "default": {}}, '{"statusCode": 201}', FixedResponse(202)),
        ({"[": {}, "default": {"statusCode": 200}}, "{}", FixedResponse(200)),
        (
            {"default": {"statusCode": 200, "responseTemplates": {"application/json": "[1]"}}},
            "{}",
            FixedResponse(200, body="[1]"),
        ),
    ],
)
def test_a_mock_gives_the_response_that_its_request_asks_for(
    tmp_path, responses, template_, expected
):
    integration = {
        "type": "MOCK",
        "requestTemplates": {"application/json": template_},
        "responses": responses,
    }
    body = {"paths": {"/": {"get": {"x-amazon-apigateway-integration": integration}}}}
    text = f"""
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {{StageName: x, DefinitionBody: {json.dumps(body)}}}
"""
    fixed = read(tmp_path, text).routes[0].fixed

    assert (fixed.status, fixed.body) == (expected.status, expected.body)
