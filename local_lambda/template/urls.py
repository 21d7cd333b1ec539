"""Reads Function URLs: FunctionUrlConfig of a function, and AWS::Lambda::Url.

https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from local_lambda.application import Cors, FunctionUrl
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.values import URL, text_of_property
from local_lambda.template.written import Written, shown

_MODES = ("BUFFERED", "RESPONSE_STREAM")
_AUTH_TYPES = ("NONE", "AWS_IAM")
_MAX_AGE_LIMIT_S = 86_400
_METHOD_LIMIT = 6  # characters; `OPTIONS` is one too many


def read_urls(stack: Stack) -> dict[str, Written]:
    """Returns the configuration of Function URLs that are resources, by function."""
    found: dict[str, Written] = {}
    for resource in stack.of_type(URL):
        target = stack.url_targets.get(resource.logical_id)
        if target is None:
            _report_no_target(stack, resource)
        elif target in found:
            other = found[target].resource.logical_id
            text = f"{target} is served at the Function URL {other} only"
            advice = "one Function URL of each function is served, whatever its qualifier"
            stack.report(resource, text, advice=advice, served=False)
        else:
            found[target] = Written(stack, resource, resource.properties)
    return found


def _report_no_target(stack: Stack, resource: Resource) -> None:
    stack.report(
        resource,
        "no function of this template is its target",
        property="TargetFunctionArn",
        advice="name a function of this template, such as !GetAtt F.Arn",
        served=False,
    )


def read_url(properties: Written) -> FunctionUrl:
    """Reads a Function URL from its properties."""
    mode = properties.choice("InvokeMode", _MODES, default=_MODES[0])
    auth_type = properties.choice("AuthType", _AUTH_TYPES, default="")
    if auth_type == "AWS_IAM":
        properties.report("AuthType", "AuthType AWS_IAM of the Function URL is not checked here")
    elif "AuthType" not in properties.values:
        properties.report(
            "", "AuthType is missing; NONE is assumed", advice="AuthType: NONE or AWS_IAM"
        )
    return FunctionUrl(
        streaming=mode == "RESPONSE_STREAM",
        cors=_cors(properties.mapping("Cors")),
        iam=auth_type == "AWS_IAM",
        qualifier=_qualifier(properties),
    )


def _qualifier(properties: Written) -> str:
    """Returns the alias that a Function URL invokes, or an empty text."""
    resource = properties.resource
    if resource.kind != URL:
        return text_of_property(properties.stack.resolver, resource, "AutoPublishAlias")
    target = text_of_property(properties.stack.resolver, resource, "TargetFunctionArn")
    return properties.text("Qualifier") or target.partition(":function:")[2].partition(":")[2]


def _cors(properties: Written | None) -> Cors | None:
    if not properties or not properties.values:
        return None
    methods = properties.texts("AllowMethods")
    for method in methods:
        if len(method) > _METHOD_LIMIT:
            text = f"{shown(method)} has more than {_METHOD_LIMIT} characters"
            properties.report(
                "AllowMethods", text, advice="leave it out: AWS refuses it, and answers preflights"
            )
    max_age_s = None
    if "MaxAge" in properties:
        max_age_s = properties.integer(
            "MaxAge", default=0, low=0, high=_MAX_AGE_LIMIT_S, unit="seconds"
        )
    return Cors(
        allow_origins=properties.texts("AllowOrigins"),
        allow_methods=methods,
        allow_headers=properties.texts("AllowHeaders"),
        expose_headers=properties.texts("ExposeHeaders"),
        max_age_s=max_age_s,
        allow_credentials=properties.flag("AllowCredentials"),
    )
