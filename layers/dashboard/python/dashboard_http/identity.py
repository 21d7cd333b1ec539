"""Who is asking? One middleware checks the `Authorization` header on every protected route.

https://www.rfc-editor.org/rfc/rfc6750. A token never reaches a log, a URL or an error.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from dashboard_data import DynamoDbSessions, Session

from dashboard_http.front import refuse
from dashboard_http.requests import single_header

MISSING = "Missing user identification"
LONGEST_TOKEN = 4096  # JWTs of Cognito are about 1,000; nothing longer is looked at
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_USER_ID = re.compile(r"[A-Za-z0-9._:@|-]{1,128}")


class Principal(NamedTuple):
    """A user whose identity is verified. A stream ends with its `session`, or at `expires_at_s`.

    `expires_at_s`: epoch seconds; the token is refused from then on. `session`: an anonymous
    user's. `by_gateway`: a gateway in front says who it is, so there is no token.
    """

    user_id: str
    expires_at_s: float | None = None
    session: Session | None = None
    by_gateway: bool = False


Verifier = Callable[[str], Principal | None]
Middleware = Callable[[ApiGatewayResolver, NextMiddleware], Response[Any]]


def sessions_verifier(sessions: DynamoDbSessions) -> Verifier:
    """Returns a verifier that accepts the tokens of anonymous sessions."""

    def verify(token: str) -> Principal | None:
        session = sessions.verify(token)
        if session is None:
            return None
        return Principal(session.user_id, session.expires_at_s, session)

    return verify


def first_of(*verifiers: Verifier) -> Verifier:
    """Returns a verifier that accepts a token if any of these does, asked in this order."""

    def verify(token: str) -> Principal | None:
        for each in verifiers:
            if principal := each(token):
                return principal
        return None

    return verify


def authorize(verify: Verifier, trust_user_id: bool = False) -> Middleware:
    """Returns the middleware. The route finds the Principal as `context["principal"]`.

    `trust_user_id`: a gateway in front has verified the user and sets `X-User-ID` itself, whatever
    clients sent.
    """

    def middleware(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        principal = None
        user_id = single_header(app.current_event, "x-user-id") if trust_user_id else None
        if user_id and _USER_ID.fullmatch(user_id):
            principal = Principal(user_id, by_gateway=True)
        elif token := bearer_token(
            single_header(app.current_event, "authorization", LONGEST_TOKEN + 16)
        ):
            principal = verify(token)
        if principal is None:
            return refuse(401, MISSING, {"WWW-Authenticate": "Bearer"})
        app.append_context(principal=principal)  # type: ignore[no-untyped-call]
        return next_middleware(app)

    return middleware


def bearer_token(header: str | None) -> str | None:
    """Returns the token of an `Authorization` header.

    None for any other scheme, several values, or a text that cannot be a token.
    """
    match = _BEARER.fullmatch(header.strip()) if header else None
    if match is None or len(match[1]) > LONGEST_TOKEN:
        return None
    return match[1]
