"""In which form does a front want status, headers and body?

On the streaming runtime its `plan` makes the last choices; with the stock client the front reads
this very dict. Sources of the forms: as in `http_request`.
"""

from __future__ import annotations

from lambda_streaming.buffered import for_this_runtime, say_once
from lambda_streaming.http_request import FORMAT_1_0, FORMAT_2_0, MULTI_VALUES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lambda_streaming.http_request import HttpRequest

# Lambda and the fronts frame the body and own the connection.
FRAMING = frozenset(
    (
        b"connection",
        b"content-length",
        b"keep-alive",
        b"proxy-connection",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
SET_COOKIE = b"set-cookie"


def result(
    request: HttpRequest,
    status: int,
    headers: Iterable[tuple[bytes, bytes]],
    body: Any,
    *,
    context: Any = None,
) -> dict[str, Any]:
    """Returns the proxy result for the front that `request` came through.

    `headers`: names and values as the application wrote them, repeated ones as often as it did.
    Those that frame the body (`content-length`, `transfer-encoding`, ...) are left out, as
    docs/bodies.md says. `body`: an iterator of bytes with `close()`, bytes or text.

    Where nothing streams, the log says so, and with the stock client `body` is collected here,
    until shortly before the deadline that `context`, the handler's, tells. Raises ResponseTooLarge.

    A load balancer without multi-value headers can send one cookie only: the last one, and the log
    says so.
    """
    cookies, grouped = _grouped(headers)
    fields: dict[str, Any] = {"statusCode": status}
    if request.result_format == FORMAT_2_0:
        fields["headers"] = _joined(grouped)
        if cookies:
            fields["cookies"] = cookies
    elif request.result_format == FORMAT_1_0:
        _add_format_1_0(fields, grouped, cookies)
    elif request.result_format == MULTI_VALUES:
        fields["statusDescription"] = _description(status)
        fields["multiValueHeaders"] = dict(grouped.values())
        if cookies:
            fields["multiValueHeaders"]["set-cookie"] = cookies
    else:
        fields["statusDescription"] = _description(status)
        fields["headers"] = _joined(grouped)
        if cookies:
            fields["headers"]["set-cookie"] = cookies[-1]
            _warn_of_lost(cookies)
    fields["body"] = body
    return for_this_runtime(fields, request, context)


def _grouped(
    headers: Iterable[tuple[bytes, bytes]],
) -> tuple[list[str], dict[str, tuple[str, list[str]]]]:
    """Returns the cookies, and by lower-case name: the name as first written, and its values.

    Blanks around a value are not part of it, and some frameworks write them:
    https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    """
    cookies: list[str] = []
    grouped: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        key = name.lower()
        text = value.strip(b" \t").decode("latin-1")
        if key == SET_COOKIE:
            cookies.append(text)
        elif key not in FRAMING:
            shown = name.decode("latin-1")
            grouped.setdefault(shown.lower(), (shown, []))[1].append(text)
    return cookies, grouped


def _joined(grouped: dict[str, tuple[str, list[str]]]) -> dict[str, str]:
    """https://www.rfc-editor.org/rfc/rfc9110#section-5.3 allows it for all but cookies."""
    return {name: ", ".join(values) for name, values in grouped.values()}


def _add_format_1_0(
    fields: dict[str, Any], grouped: dict[str, tuple[str, list[str]]], cookies: list[str]
) -> None:
    fields["headers"] = {name: values[0] for name, values in grouped.values() if len(values) == 1}
    repeated = {name: values for name, values in grouped.values() if len(values) > 1}
    if cookies:
        repeated["set-cookie"] = cookies
    if repeated:
        fields["multiValueHeaders"] = repeated


def _description(status: int) -> str:
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _warn_of_lost(cookies: list[str]) -> None:
    if len(cookies) > 1:
        say_once(
            "streaming.cookies_lost: this front takes one Set-Cookie in a response, so the "
            "last is sent and the others are not. For a load balancer, switch on the target "
            "group's lambda.multi_value_headers.enabled"
        )
