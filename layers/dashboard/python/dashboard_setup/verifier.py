"""Which tokens do these settings accept?"""

from aws_lambda_powertools import Logger
from dashboard_data import Clock, DynamoDbSessions
from dashboard_http.identity import Verifier, first_of, sessions_verifier

from dashboard_setup.settings import Settings


def verifier_of(
    settings: Settings, sessions: DynamoDbSessions, clock: Clock, logger: Logger
) -> Verifier:
    """Returns the check of tokens. Raises ValueError for an issuer that cannot be one."""
    if not settings.auth_issuer:
        return sessions_verifier(sessions)
    from dashboard_http import fetch, openid  # loads `cryptography`, and only here

    issuer = openid.checked_url(settings.auth_issuer)
    keys = openid.KeySet(issuer, clock, fetch.fetch_json)
    verify = openid.openid_verifier(
        keys, issuer=issuer, audience=settings.auth_audience, clock=clock, logger=logger
    )
    return first_of(sessions_verifier(sessions), verify)
