"""Shapes the claims of `--claims` as each kind of authorizer hands them to a function.

No token and no signature is checked here: every request is accepted with the same claims.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_lambda.application import ACCOUNT_ID

Claims = Mapping[str, Any]
_IAM_KEYS = ("accessKey", "accountId", "callerId", "userArn", "userId", "principalOrgId")


def read_claims(text: str) -> Claims:
    """Reads a JSON object, or `@` and the path of a file with one.

    Raises ValueError with a sentence.
    """
    path = text.removeprefix("@")
    if path != text:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
    try:
        claims = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the claims are not JSON: {error}") from error
    if not isinstance(claims, dict):
        raise ValueError("the claims are not a JSON object")
    return claims


def as_cognito(claims: Claims) -> dict[str, Any]:
    """Returns `requestContext.authorizer` of a REST API with a Cognito user pool."""
    return {"claims": {name: _text(value, "{}", ",") for name, value in claims.items()}}


def as_jwt(claims: Claims) -> dict[str, Any]:
    """Returns the value of `requestContext.authorizer.jwt` of an HTTP API.

    A list becomes `[a b]`. The scopes are those of the claim `scope`.
    """
    scope = claims.get("scope")
    scopes = scope.split() if isinstance(scope, str) else None
    texts = {name: _text(value, "[{}]", " ") for name, value in claims.items()}
    return {"claims": texts, "scopes": scopes}


def as_iam(claims: Claims) -> dict[str, Any]:
    """Returns the value of `requestContext.authorizer.iam`. Missing claims get made-up values."""
    user = str(claims.get("sub", "local"))
    fields: dict[str, Any] = {
        "accessKey": "AKIALOCAL",
        "accountId": ACCOUNT_ID,
        "callerId": user,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{ACCOUNT_ID}:user/{user}",
        "userId": user,
    }
    return fields | {name: claims[name] for name in _IAM_KEYS if name in claims}


def as_identity(claims: Claims) -> dict[str, Any]:
    """Returns what IAM adds to `requestContext.identity` of a REST API."""
    iam = as_iam(claims)
    return {
        "accessKey": iam["accessKey"],
        "accountId": iam["accountId"],
        "caller": iam["callerId"],
        "user": iam["userId"],
        "userArn": iam["userArn"],
    }


def _text(value: Any, brackets: str, separator: str) -> str:
    if isinstance(value, list):
        return brackets.format(separator.join(str(each) for each in value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
