"""Who is asking? One middleware checks the `Authorization` header on every protected route of both functions.

https://www.rfc-editor.org/rfc/rfc6750. A token never reaches a log, a URL or an error.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from dashboard_data import Clock, DynamoDbSessions, Session
from dashboard_setup.settings import Settings

from dashboard_http.front import refuse
from dashboard_http.requests import single_header

MISSING = "Missing user identification"
LONGEST_TOKEN = 4096  # JWTs of Cognito are about 1,000; nothing longer is looked at
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_USER_ID = re.compile(r"[A-Za-z0-9._:@|-]{1,128}")


class Principal(NamedTuple):
    """A user whose identity is verified. A stream ends with its `session`, or at `expires_at`.

    `expires_at`: epoch seconds; the token is refused from then on. `session`: an anonymous user's.
    """

    user_id: str
    expires_at: float | None = None
    session: Session | None = None


Verifier = Callable[[str], Principal | None]
Middleware = Callable[[ApiGatewayResolver, NextMiddleware], Response]


def sessions_verifier(sessions: DynamoDbSessions) -> Verifier:
    """Accepts the tokens of anonymous sessions."""

    def verify(token: str) -> Principal | None:
        session = sessions.verify(token)
        return session and Principal(session.user_id, session.expires_at, session)

    return verify


def first_of(*verifiers: Verifier) -> Verifier:
    """Accepts what any of them accepts, asked in this order."""
    return lambda token: next(filter(None, (verify(token) for verify in verifiers)), None)


def verifier_of(settings: Settings, sessions: DynamoDbSessions, clock: Clock, logger: Logger) -> Verifier:
    """What these settings accept. Raises ValueError for an issuer that cannot be one."""
    if not settings.auth_issuer:
        return sessions_verifier(sessions)
    from dashboard_http import openid  # loads `cryptography`, and only here

    keys = openid.KeySet(openid.checked_url(settings.auth_issuer), clock, openid.fetch_json)
    issuer = openid.openid_verifier(keys, settings.auth_issuer, settings.auth_audience, clock, logger)
    return first_of(sessions_verifier(sessions), issuer)


def authorize(verify: Verifier, trust_user_id: bool = False) -> Middleware:
    """The middleware. The route finds the Principal as `context["principal"]`.

    `trust_user_id`: a gateway in front has verified the user and set `X-User-ID` itself, replacing what clients sent.
    """

    def middleware(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response:
        principal = None
        user_id = single_header(app.current_event, "x-user-id") if trust_user_id else None
        if user_id and _USER_ID.fullmatch(user_id):
            principal = Principal(user_id)
        elif token := bearer_token(single_header(app.current_event, "authorization", LONGEST_TOKEN + 16)):
            principal = verify(token)
        if principal is None:
            return refuse(401, MISSING, {"WWW-Authenticate": "Bearer"})
        app.append_context(principal=principal)
        return next_middleware(app)

    return middleware


def bearer_token(header: str | None) -> str | None:
    """The token of an `Authorization` header; None for any other scheme, several values or what no token looks like."""
    match = _BEARER.fullmatch(header.strip()) if header else None
    return match[1] if match and len(match[1]) <= LONGEST_TOKEN else None
