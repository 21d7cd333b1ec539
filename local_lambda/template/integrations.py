"""Reads one integration of a method: a Lambda function, or a response that API Gateway gives.

An integration is read in the spelling of OpenAPI (`uri`) and of CloudFormation (`Uri`).
Pages api-gateway-swagger-extensions-integration.html and response-transfer-mode.html in
https://docs.aws.amazon.com/apigateway/latest/developerguide/
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_lambda.application import FixedResponse
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.resolved import Resolved
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.targets import STREAMING_PATH, Targets

# The longest timeouts, in seconds: a buffered integration has 29 unless the account's quota is
# raised, a streamed one 900, one of an HTTP API 30. They are the defaults, too, but a stream's: 29.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
REST_TIMEOUT_S = 29.0
STREAM_TIMEOUT_S = 900.0
HTTP_TIMEOUT_S = 30.0

Report = Callable[[str, str, str], None]
"""Reports a text about a property, with advice: `report(text, property, advice)`."""


@dataclass(frozen=True)
class Integration:
    """Says where a method leads: to a function (a logical id) or to a fixed response."""

    function: str = ""
    streaming: bool = False
    timeout_s: float = REST_TIMEOUT_S
    payload_format: str = "2.0"
    fixed: FixedResponse | None = None
    qualifier: str = ""


@dataclass(frozen=True)
class IntegrationReader:
    """Reads the integrations of one API. `kind` is "rest" or "http"."""

    kind: str
    targets: Targets
    stage_variables: Mapping[str, str]
    report: Report

    @classmethod
    def reporting_to(
        cls,
        stack: Stack,
        resource: Resource,
        *,
        kind: str,
        targets: Targets,
        stage_variables: Mapping[str, str],
    ) -> "IntegrationReader":
        """Returns a reader whose findings are those of `resource`."""

        def report(text: str, way: str, advice: str) -> None:
            stack.report(resource, text, property=way, advice=advice)

        return cls(kind, targets, stage_variables, report)

    def read(self, integration: Resolved) -> Integration:
        """Returns the integration. Raises TemplateError if it cannot be served."""
        kind = self._type(integration)
        if kind == "mock" and self.kind == "rest":
            return Integration(fixed=self._mock(integration), payload_format="1.0")
        if kind != "aws_proxy":
            raise _other(integration, kind)
        if integration.get("integrationSubtype"):
            subtype = integration.text("integrationSubtype")
            raise integration.error("integrationSubtype", f"{subtype} is not emulated")
        return self._lambda(integration)

    def _type(self, integration: Resolved) -> str:
        for name in ("type", "integrationType"):
            if integration.get(name) is not None:
                return integration.text(name).lower()
        raise integration.error("type", "is missing")

    def _lambda(self, integration: Resolved) -> Integration:
        name = "integrationUri" if integration.get("integrationUri") is not None else "uri"
        uri = integration.text(name)
        if ":lambda:" not in uri and "/functions/" not in uri:
            raise integration.error(
                name, f"{uri!r} is no Lambda function; only those are emulated here"
            )
        way = integration.way_of(name)
        function = self.targets.function(uri, way, self.stage_variables)
        self._check_method(integration)
        streaming = self._streams(integration, uri) if self.kind == "rest" else False
        return Integration(
            function=function,
            streaming=streaming,
            timeout_s=read_timeout(integration, self.kind, streaming, self.report),
            payload_format=self._payload_format(integration),
            qualifier=self.targets.qualifier(uri, self.stage_variables),
        )

    def _check_method(self, integration: Resolved) -> None:
        """Reports a method that Lambda refuses: a function is always called with POST."""
        names = ("integrationHttpMethod", "httpMethod", "integrationMethod")
        for name in names if self.kind == "rest" else ():
            if integration.get(name) is not None and integration.text(name).upper() != "POST":
                self.report(
                    f"{integration.key(name)} {integration.text(name)} does not call a function"
                    " on AWS; here it is called all the same",
                    integration.way_of(name),
                    "write POST",
                )

    def _streams(self, integration: Resolved, uri: str) -> bool:
        mode = integration.text("responseTransferMode", "BUFFERED")
        if mode not in ("BUFFERED", "STREAM"):
            raise integration.error(
                "responseTransferMode",
                f"{mode!r} is neither BUFFERED nor STREAM",
                "SAM's RESPONSE_STREAM is STREAM here",
            )
        if (mode == "STREAM") != uri.endswith(STREAMING_PATH):
            self.report(
                f"responseTransferMode {mode} does not match its uri;"
                " AWS does not support this combination",
                integration.way_of("uri"),
                "a stream's uri ends with /response-streaming-invocations",
            )
        return mode == "STREAM"

    def _payload_format(self, integration: Resolved) -> str:
        if self.kind == "rest":
            return "1.0"
        if integration.get("payloadFormatVersion") is None:
            self.report(
                "payloadFormatVersion is missing, and AWS demands it; 2.0 is taken",
                integration.way,
                "write payloadFormatVersion 2.0",
            )
        return read_payload_format(integration, "payloadFormatVersion")

    def _mock(self, integration: Resolved) -> FixedResponse:
        responses = list(_responses(integration))
        chosen = _chosen(responses, status=_requested_status(integration))
        if chosen is None:
            raise TemplateError(
                "this mock integration has no response for the status that it asks for",
                integration.way,
                "add a response `default`",
            )
        return FixedResponse(
            status=_status(chosen),
            headers=tuple(self._headers(chosen)),
            body=self._body(chosen),
        )

    def _headers(self, response: Resolved) -> Iterator[tuple[str, str]]:
        """Yields the headers with a value between apostrophes; others are computed by AWS."""
        has_content_type = False
        parameters = response.map("responseParameters")
        for name in parameters.values:
            header = str(name).removeprefix("method.response.header.")
            value = parameters.text(name)
            if not (len(value) > 1 and value[0] == value[-1] == "'"):
                self.report(
                    f"the value {value!r} of header {header} is not static; it is left out",
                    parameters.way_of(name),
                    "a static value stands between apostrophes, within the quotes of YAML",
                )
                continue
            has_content_type = has_content_type or header.lower() == "content-type"
            yield header, value[1:-1]
        if not has_content_type:
            yield "Content-Type", "application/json"

    def _body(self, response: Resolved) -> str:
        templates = response.map("responseTemplates")
        body = templates.text("application/json", default="")
        if re.search(r"#(set|if|foreach)\b|\$\{?\w", body):
            self.report(
                "the template of this response is not evaluated; its body is empty here",
                templates.way_of("application/json"),
                "a function can make this response",
            )
            return ""
        return body


def read_timeout(
    properties: Resolved,
    kind: str,
    streaming: bool,
    report: Report,
    name: str = "timeoutInMillis",
) -> float:
    """Returns the timeout in seconds. Reports one that AWS does not allow."""
    default_s = REST_TIMEOUT_S if kind == "rest" else HTTP_TIMEOUT_S
    timeout_s = properties.number(name, default_s * 1000) / 1000
    longest_s = STREAM_TIMEOUT_S if streaming else default_s
    if 0.05 <= timeout_s <= longest_s:
        return timeout_s
    if kind == "rest" and not streaming and timeout_s > longest_s:
        report(
            f"a timeout of {timeout_s:g} s needs a raised quota on AWS: 29 s is the limit of"
            " buffered responses",
            properties.way_of(name),
            "stream the response, or raise the quota of the account",
        )
        return timeout_s
    nearest_s = min(max(timeout_s, 0.05), longest_s)
    report(
        f"AWS refuses a timeout of {timeout_s:g} s; {nearest_s:g} s is taken",
        properties.way_of(name),
        f"write 50 to {longest_s * 1000:.0f} milliseconds",
    )
    return nearest_s


def read_payload_format(properties: Resolved, name: str) -> str:
    """Returns the payload format, 2.0 if there is none. Raises TemplateError."""
    value = properties.text(name, default="2.0")
    version = {"1": "1.0", "2": "2.0"}.get(value, value)
    if version not in ("1.0", "2.0"):
        raise properties.error(name, f"{value!r} is neither 1.0 nor 2.0")
    return version


def _responses(integration: Resolved) -> Iterator[tuple[str, Resolved]]:
    """Yields the responses by the pattern that chooses them."""
    if integration.get("integrationResponses") is not None:
        for response in integration.maps("integrationResponses"):
            yield response.text("selectionPattern", default="default") or "default", response
        return
    responses = integration.map("responses")
    for pattern, value in responses.values.items():
        yield str(pattern), responses.as_map(value, str(pattern))


def _chosen(responses: list[tuple[str, Resolved]], status: str) -> Resolved | None:
    fallback = None
    for pattern, response in responses:
        if pattern == "default":
            fallback = response
        elif _matches(pattern, status):
            return response
    return fallback


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


def _requested_status(integration: Resolved) -> str:
    """Returns the status that the request template names. It need not be valid JSON."""
    templates = integration.map("requestTemplates")
    for value in templates.values.values():
        if found := re.search(r"statusCode['\"]?\s*:\s*['\"]?(\d+)", str(value)):
            return found[1]
    return "200"


def _status(response: Resolved) -> int:
    status = response.number("statusCode", 200)
    if not 100 <= status <= 599:
        raise response.error("statusCode", f"{status:g} is no status of HTTP")
    return int(status)


def _other(integration: Resolved, kind: str) -> TemplateError:
    """Returns the error for an integration that leads elsewhere."""
    name = "integrationType" if integration.get("integrationType") is not None else "type"
    what = {
        "aws": "a non-proxy integration (mapping templates)",
        "http": "an integration of another web server",
        "http_proxy": "an integration of another web server",
        "mock": "a mock integration",
    }.get(kind)
    where = _address(integration)
    if what is None:
        return integration.error(name, f"{kind!r} is no type of an integration")
    return TemplateError(
        f"{what}{where} is not emulated",
        integration.way_of(name),
        "only Lambda proxy integrations (AWS_PROXY) and mocks are served",
    )


def _address(integration: Resolved) -> str:
    for name in ("uri", "integrationUri"):
        value: Any = integration.get(name)
        if isinstance(value, str):
            return f" ({value})"
    return ""
