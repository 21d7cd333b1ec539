"""Which path do the routes see? That below the stage and the base path, in one form on both fronts.

A REST API sends `path` with the base path of a custom domain in it, so the path is taken from what
API Gateway matched: `resource` and `pathParameters`. A Function URL sends `rawPath` as the client
wrote it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")


def routed_path(payload: Mapping[str, Any], base_path: str = "") -> str:
    """Returns the path that this request asks for, as the routes are written.

    `base_path`: what stands before it on the Function URL, such as `/dash`. API Gateway takes its
    own base path away.
    """
    if "http" in payload["requestContext"]:
        return _below(base_path, normal_path(str(payload.get("rawPath") or "/")))
    resource = payload.get("resource")
    parameters = payload.get("pathParameters") or {}
    if not isinstance(resource, str) or not _names(resource) <= parameters.keys():
        return normal_path(str(payload.get("path") or "/"))
    return normal_path(_PARAMETER.sub(lambda found: _value(found, parameters), resource))


def requested_path(payload: Mapping[str, Any]) -> str:
    """Returns the path that the client sent, stage and base path included, in its normal form.

    With a slash at the end if the client has sent one.
    """
    context = payload["requestContext"]
    sent = str(context.get("path") or (context.get("http") or {}).get("path") or "/")
    path = normal_path(sent)
    if sent.endswith("/") and path != "/":
        return f"{path}/"
    return path


def normal_path(path: str) -> str:
    """Returns a path of segments that are encoded alike, without empty ones.

    Proxies double slashes, and add some at the end. A slash that is encoded stays in its segment.
    https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
    """
    segments = [quote(unquote(each), safe="", errors="replace") for each in path.split("/") if each]
    return "/" + "/".join(segments)


def _names(resource: str) -> set[str]:
    return {name for name, _ in _PARAMETER.findall(resource)}


def _value(found: re.Match[str], parameters: Mapping[str, Any]) -> str:
    name, greedy = found.groups()
    value = str(parameters.get(name) or "")
    if greedy:
        return value
    return value.replace("/", "%2F")


def _below(base_path: str, path: str) -> str:
    if path == base_path:
        return "/"
    if base_path and path.startswith(f"{base_path}/"):
        return path.removeprefix(base_path)
    return path
