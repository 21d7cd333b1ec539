"""Responses of Powertools' event handler that stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping

    from aws_lambda_powertools.shared.cookies import Cookie

    Body = Iterable[bytes | str] | AsyncIterable[bytes | str]


class StreamingResponse(Response[Any]):
    """A `Response` whose body is sent piece by piece, as it is.

    `body` is any iterable of bytes or text, asynchronous or not: a generator, an open file, the
    body of somebody's response. Powertools leaves it alone: it is not serialised as JSON, not
    validated and not compressed, whatever the resolver and the route say. Status, headers, cookies,
    CORS and Cache-Control are those of any `Response`.

    Streaming takes the streaming runtime. With the stock client the body cannot be sent.
    """

    body_is_streamed = True

    def __init__(
        self,
        status_code: int = 200,
        content_type: str | None = None,
        body: Body | None = None,
        headers: Mapping[str, str | list[str]] | None = None,
        cookies: list[Cookie] | None = None,
    ) -> None:
        if isinstance(body, (str, bytes, bytearray, dict)):
            kind = type(body).__name__
            raise TypeError(f"body is an iterator of bytes or str, not {kind}: use Response for it")
        super().__init__(
            status_code=status_code,
            content_type=content_type,
            body=body,
            headers=headers,
            cookies=cookies,
            compress=False,
        )

    def is_json(self) -> bool:
        """Never, so that nothing serialises the body."""
        return False

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """A route that is declared to return this class may yield anything."""
        from pydantic_core import core_schema

        return core_schema.any_schema()
