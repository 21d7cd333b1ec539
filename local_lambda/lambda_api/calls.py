"""Reads the requests of Lambda's API: function, qualifier, headers and payload. It knows no socket.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from local_lambda.application import ACCOUNT_ID, Function
from local_lambda.http.messages import HttpResponse, json_response

LATEST = "$LATEST"
SYNCHRONOUS = "RequestResponse"
ASYNCHRONOUS = "Event"
DRY_RUN = "DryRun"
LIMITS_BYTES = {SYNCHRONOUS: 6 * 1024 * 1024, DRY_RUN: 6 * 1024 * 1024, ASYNCHRONOUS: 1024 * 1024}
CLIENT_CONTEXT_LIMIT_BYTES = 3583
_NAME = re.compile(
    r"(arn:(?:aws[a-zA-Z-]*)?:lambda:)?((?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d:)?"
    r"(\d{12}:)?(function:)?(?P<name>[a-zA-Z0-9-_.]+)"
    r"(:(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_QUALIFIER = re.compile(r"\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_$]+")
_NO_HEADER_TEXT = re.compile(r"[^\x20-\x7e]")
_TENANT = re.compile(r"[a-zA-Z0-9._:/=+\-@ ]{1,256}")


class ApiError(Exception):
    """Lambda's API refuses the request. `fields` are the body, `error_type` names the exception."""

    def __init__(self, status: int, error_type: str, fields: Mapping[str, str]) -> None:
        super().__init__(f"{error_type}: {dict(fields)}")
        self.status = status
        self.error_type = error_type
        self.fields = {"Type": "User", **fields}
        self.headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> HttpResponse:
        headers = (("X-Amzn-Errortype", self.error_type), *self.headers)
        return json_response(self.status, json.dumps(self.fields)).with_headers(headers)


def invalid_content(message: str) -> ApiError:
    return ApiError(400, "InvalidRequestContentException", {"message": message})


def not_valid(field: str, value: str, constraint: str) -> ApiError:
    message = (
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: "
        f"{constraint}"
    )
    return ApiError(400, "ValidationException", {"message": message})


def too_large(size_bytes: int, invocation_type: str) -> ApiError:
    """Returns the error as it is seen live; the API's model names it RequestTooLargeException."""
    limit_bytes = LIMITS_BYTES[invocation_type]
    message = (
        f"{size_bytes} byte payload is too large for the {invocation_type} invocation type "
        f"(limit {limit_bytes} bytes)"
    )
    return ApiError(413, "RequestEntityTooLargeException", {"message": message})


def far_too_large() -> ApiError:
    """Returns the error for a body that is not even read to its end."""
    limit_bytes = LIMITS_BYTES[SYNCHRONOUS]
    message = f"Request must be smaller than {limit_bytes} bytes for the InvokeFunction operation"
    return ApiError(413, "RequestEntityTooLargeException", {"message": message})


def throttled(function: Function) -> ApiError:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors"""
    reason = "ConcurrentInvocationLimitExceeded"
    if function.reserved_concurrency is not None:
        reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    fields = {"Reason": reason, "message": "Rate Exceeded."}
    error = ApiError(429, "TooManyRequestsException", fields)
    error.headers = (("Retry-After", "1"),)
    return error


@dataclass(frozen=True)
class FunctionName:
    """Names a function, and one of its versions or aliases."""

    name: str
    qualifier: str = ""

    @classmethod
    def parse(cls, text: str, query: str = "") -> "FunctionName":
        """Reads a name, a partial or a whole ARN, percent-encoded, and the query's `Qualifier`.

        Raises ApiError. An ARN's region and account are not compared: there is one of each here.
        """
        text = unquote(text)
        found = _NAME.fullmatch(text)
        if not found:
            pattern = f"Member must satisfy regular expression pattern: {_NAME.pattern}"
            raise not_valid("functionName", text, pattern)
        derived = found["qualifier"] or ""
        asked = parse_qs(query).get("Qualifier", [""])[0]
        if asked and not _QUALIFIER.fullmatch(asked):
            pattern = f"Member must satisfy regular expression pattern: {_QUALIFIER.pattern}"
            raise not_valid("qualifier", asked, pattern)
        if derived and asked and derived != asked:
            message = (
                "The derived qualifier from the function name does not match the specified "
                "qualifier."
            )
            raise ApiError(400, "InvalidParameterValueException", {"message": message})
        return cls(found["name"], derived or asked)

    def arn(self, region: str) -> str:
        arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{self.name}"
        return f"{arn}:{self.qualifier}" if self.qualifier else arn

    def fits(self, function: Function) -> bool:
        return self.name in (function.name, function.logical_id)

    def qualifies(self, function: Function) -> bool:
        """Returns whether the function has this version or alias."""
        if self.qualifier == f"{LATEST}.PUBLISHED":
            return bool(function.max_concurrency)
        return self.qualifier in ("", LATEST, *function.qualifiers)


@dataclass(frozen=True)
class Call:
    """Holds what the headers of an invocation ask for."""

    invocation_type: str = SYNCHRONOUS
    with_log: bool = False
    client_context: str | None = None
    tenant_id: str | None = None
    trace_id: str | None = None

    @classmethod
    def read(cls, headers: Mapping[str, str], types: tuple[str, ...]) -> "Call":
        """Reads the headers, whose names are in lower case. Raises ApiError."""
        invocation_type = headers.get("x-amz-invocation-type") or SYNCHRONOUS
        _check_one_of("invocationType", invocation_type, types)
        log_type = headers.get("x-amz-log-type") or "None"
        _check_one_of("logType", log_type, ("None", "Tail"))
        tenant_id = headers.get("x-amz-tenant-id")
        if tenant_id is not None and not _TENANT.fullmatch(tenant_id):
            pattern = f"Member must satisfy regular expression pattern: {_TENANT.pattern}"
            raise not_valid("tenantId", tenant_id, pattern)
        context = client_context(headers.get("x-amz-client-context"))
        return cls(
            invocation_type=invocation_type,
            with_log=log_type == "Tail",
            # Asynchronous invocations have none.
            client_context=None if invocation_type == ASYNCHRONOUS else context,
            tenant_id=tenant_id,
            trace_id=headers.get("x-amzn-trace-id"),
        )


def _check_one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        names = ", ".join(allowed)
        raise not_valid(field, value, f"Member must satisfy enum value set: [{names}]")


def client_context(encoded: str | None) -> str | None:
    """Returns the client context as the runtime gets it: JSON that a header can carry.

    Line ends between its parts become blanks, and what is not ASCII is escaped. Raises ApiError.
    """
    if not encoded:
        return None
    if len(encoded) > CLIENT_CONTEXT_LIMIT_BYTES:
        raise invalid_content(
            f"Client context must be at most {CLIENT_CONTEXT_LIMIT_BYTES} bytes of Base64, "
            f"and this one has {len(encoded)}."
        )
    try:
        text = base64.b64decode(encoded, validate=True).decode()
        is_object = isinstance(_parsed(text), dict)
    except (binascii.Error, ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise invalid_content("Client context must be a valid Base64-encoded JSON object.")
    return _NO_HEADER_TEXT.sub(_carried, text)


def _carried(found: re.Match[str]) -> str:
    return " " if found[0] < " " else json.dumps(found[0])[1:-1]


def payload(body: bytes) -> bytes:
    """Returns what the function gets: the body, which must be JSON, or `{}` for an empty one.

    Raises ApiError.
    """
    if not body:
        return b"{}"
    try:
        _parsed(body.decode())
    except (ValueError, RecursionError) as error:
        raise invalid_content(f"Could not parse request body into json: {error}") from error
    return body


def _parsed(text: str) -> Any:
    """Parses JSON, without the names NaN and Infinity that Python reads too. Raises ValueError."""
    return json.loads(text, parse_constant=_refuse, parse_int=str, parse_float=str)


def _refuse(name: str) -> None:
    raise ValueError(f"Unrecognized token '{name}'")
