"""Does a payload have the shape of a front's request? What has not gets 400, and reaches no route.

No front sends such a payload. Whoever may invoke the function can.
"""

from typing import Any

# Fields that hold texts by name, and those that hold lists of texts by name. Each may be missing.
_TEXTS = ("queryStringParameters", "pathParameters")
_LISTS = ("multiValueHeaders", "multiValueQueryStringParameters")
_SINGLE = ("httpMethod", "path", "rawPath", "rawQueryString", "resource")


def is_http_request(payload: Any) -> bool:
    """Whether all that the routes read is there in the types that fronts send, or is missing."""
    if not isinstance(payload, dict) or not _is_context(payload.get("requestContext")):
        return False
    if "http" not in payload["requestContext"] and not payload.get("httpMethod"):
        return False
    return (
        all(_is_text(payload.get(name)) for name in _SINGLE)
        and _has_texts(payload.get("headers"))
        and None not in (payload.get("headers") or {}).values()
        and all(_has_texts(payload.get(name)) for name in _TEXTS)
        and all(_has_lists(payload.get(name)) for name in _LISTS)
        and isinstance(payload.get("body"), str | None)
        and isinstance(payload.get("isBase64Encoded"), bool | None)
    )


def _is_context(context: Any) -> bool:
    if not isinstance(context, dict) or not _is_text(context.get("path")):
        return False
    if "http" in context:
        http = context["http"]
        return isinstance(http, dict) and all(
            _is_text(http.get(name)) for name in ("method", "path", "sourceIp")
        )
    identity = context.get("identity")
    return identity is None or (isinstance(identity, dict) and _is_text(identity.get("sourceIp")))


def _is_text(value: Any) -> bool:
    """Whether a value is missing or Unicode, which half of a surrogate pair in JSON is not."""
    if not isinstance(value, str):
        return value is None
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_texts(fields: Any) -> bool:
    return fields is None or (isinstance(fields, dict) and all(map(_is_text, fields.values())))


def _has_lists(fields: Any) -> bool:
    if fields is None:
        return True
    if not isinstance(fields, dict):
        return False
    return all(
        values is None or (isinstance(values, list) and all(map(_is_text, values)))
        for values in fields.values()
    )
