"""Knows the values of `!Ref` and `!GetAtt` for APIs and load balancers.

An API's id is its logical id. Addresses are those of the emulator where it serves them, and
otherwise what AWS would make of that id.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local_lambda.application import ACCOUNT_ID, Function
from local_lambda.template.cloudformation import NO_VALUE, Resolver, TemplateError
from local_lambda.template.resource import Resource

References = dict[str, Any]
Attributes = dict[tuple[str, str], Any]

_SAM_APIS = ("AWS::Serverless::Api", "AWS::Serverless::HttpApi")
_APIS = (*_SAM_APIS, "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")
_STAGES = ("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage")
_IMPLICIT = {"ServerlessRestApi": "Prod", "ServerlessHttpApi": "$default"}
# Attributes that are the id of the resource, by type.
_IDS = {
    "AWS::ApiGateway::ApiKey": "APIKeyId",
    "AWS::ApiGateway::Authorizer": "AuthorizerId",
    "AWS::ApiGateway::Deployment": "DeploymentId",
    "AWS::ApiGateway::RequestValidator": "RequestValidatorId",
    "AWS::ApiGateway::Resource": "ResourceId",
    "AWS::ApiGateway::UsagePlan": "Id",
    "AWS::ApiGateway::VpcLink": "VpcLinkId",
    "AWS::ApiGatewayV2::Authorizer": "AuthorizerId",
    "AWS::ApiGatewayV2::Deployment": "DeploymentId",
    "AWS::ApiGatewayV2::Integration": "IntegrationId",
    "AWS::ApiGatewayV2::Route": "RouteId",
    "AWS::ApiGatewayV2::VpcLink": "VpcLinkId",
}
_BALANCERS = "AWS::ElasticLoadBalancingV2::"


def add_api_values(
    references: References,
    attributes: Attributes,
    resources: Mapping[str, Resource],
    resolver: Resolver,
    region: str,
    urls: Mapping[str, str],
) -> None:
    """Adds the values. `urls` are origins by the logical id of an API or a listener."""
    for logical_id, stage in _IMPLICIT.items():
        _add_api(references, attributes, logical_id, region, urls)
        _add_sam_stage(references, attributes, logical_id, stage)
    for logical_id, resource in resources.items():
        if resource.kind in _APIS:
            _add_api(references, attributes, logical_id, region, urls)
        if resource.kind in _SAM_APIS:
            is_http = resource.kind.endswith("HttpApi")
            stage = _text(resolver, resource, "StageName", "$default" if is_http else "")
            _add_sam_stage(references, attributes, logical_id, stage)
        elif resource.kind in _STAGES:
            references[logical_id] = _text(resolver, resource, "StageName", logical_id)
        elif resource.kind in _IDS:
            references[logical_id] = logical_id
            attributes[logical_id, _IDS[resource.kind]] = logical_id
        elif resource.kind.startswith(_BALANCERS):
            _add_balancer(references, attributes, resource, region, urls, resources)


def _add_api(
    references: References,
    attributes: Attributes,
    logical_id: str,
    region: str,
    urls: Mapping[str, str],
) -> None:
    references[logical_id] = logical_id
    endpoint = urls.get(logical_id, endpoint_of(logical_id, region)).rstrip("/")
    values = {
        "ApiEndpoint": endpoint,
        "ApiId": logical_id,
        "RestApiId": logical_id,
        "RootResourceId": f"{logical_id}.RootResourceId",
    }
    for name, value in values.items():
        attributes[logical_id, name] = value


def _add_sam_stage(
    references: References, attributes: Attributes, logical_id: str, stage: str
) -> None:
    """Adds what SAM generates beside an API: a stage and a deployment.

    Page sam-specification-generated-resources-api.html in
    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
    """
    shown = "ApiGatewayDefault" if stage == "$default" else stage
    references[f"{logical_id}{shown}Stage"] = stage
    references[f"{logical_id}.Stage"] = stage
    attributes[logical_id, "Stage"] = stage
    references[f"{logical_id}Deployment"] = f"{logical_id}Deployment"
    references[f"{logical_id}.Deployment"] = f"{logical_id}Deployment"
    attributes[logical_id, "Deployment"] = f"{logical_id}Deployment"


def _add_balancer(
    references: References,
    attributes: Attributes,
    resource: Resource,
    region: str,
    urls: Mapping[str, str],
    resources: Mapping[str, Resource],
) -> None:
    logical_id = resource.logical_id
    kind = resource.kind.removeprefix(_BALANCERS)
    prefix = f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT_ID}"
    full_name = f"app/{logical_id}/0"
    if kind == "LoadBalancer":
        references[logical_id] = f"{prefix}:loadbalancer/{full_name}"
        attributes[logical_id, "LoadBalancerArn"] = references[logical_id]
        attributes[logical_id, "LoadBalancerName"] = logical_id
        attributes[logical_id, "LoadBalancerFullName"] = full_name
        attributes[logical_id, "CanonicalHostedZoneID"] = "Z00000000000000000000"
        attributes[logical_id, "SecurityGroups"] = []
        attributes[logical_id, "DNSName"] = _dns_name(logical_id, region, urls, resources)
    elif kind == "TargetGroup":
        references[logical_id] = f"{prefix}:targetgroup/{logical_id}/0"
        attributes[logical_id, "TargetGroupArn"] = references[logical_id]
        attributes[logical_id, "TargetGroupName"] = logical_id
        attributes[logical_id, "TargetGroupFullName"] = f"targetgroup/{logical_id}/0"
        attributes[logical_id, "LoadBalancerArns"] = []
    elif kind == "Listener":
        references[logical_id] = f"{prefix}:listener/{full_name}/0"
        attributes[logical_id, "ListenerArn"] = references[logical_id]
    elif kind == "ListenerRule":
        references[logical_id] = f"{prefix}:listener-rule/{full_name}/0/0"
        attributes[logical_id, "RuleArn"] = references[logical_id]


def with_origins(
    functions: Mapping[str, Function], urls: Mapping[str, str], region: str
) -> dict[str, Function]:
    """Returns the functions with the emulator's origins in place of AWS's in their variables.

    A template writes the address of an API as `https://${Api}.execute-api.REGION.amazonaws.com`,
    and nothing would respond there.
    """

    def replaced(text: str) -> str:
        for logical_id, url in urls.items():
            text = text.replace(endpoint_of(logical_id, region), url.rstrip("/"))
        return text

    return {
        name: replace(
            function,
            environment={key: replaced(value) for key, value in function.environment.items()},
        )
        for name, function in functions.items()
    }


def endpoint_of(logical_id: str, region: str) -> str:
    return f"https://{logical_id}.execute-api.{region}.amazonaws.com"


def _dns_name(
    logical_id: str, region: str, urls: Mapping[str, str], resources: Mapping[str, Resource]
) -> str:
    """Returns host and port of the balancer's first listener here, or a name as on AWS."""
    for name, resource in resources.items():
        balancer = resource.properties.get("LoadBalancerArn")
        is_its_listener = resource.kind.endswith("::Listener") and balancer == {"Ref": logical_id}
        if is_its_listener and name in urls:
            return urls[name].partition("://")[2].rstrip("/")
    return f"{logical_id}-0.{region}.elb.amazonaws.com"


def _text(resolver: Resolver, resource: Resource, name: str, default: str) -> str:
    """Returns a property of a resource; the module that reads the resource reports mistakes."""
    try:
        value = resolver.resolve(resource.properties.get(name))
    except TemplateError:
        return default
    return default if value is None or value is NO_VALUE else str(value)
