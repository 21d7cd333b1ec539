"""Tests Lambda's metadata endpoint."""

import json

import pytest

from local_lambda.environments import metadata


def test_the_token_of_the_variables_gets_the_zone():
    response = metadata.response("GET", f"Bearer {metadata.TOKEN}")

    assert response.status == 200
    assert json.loads(response.body) == {"AvailabilityZoneID": "use1-az1"}
    assert ("Cache-Control", "private, max-age=43200, immutable") in response.headers


@pytest.mark.parametrize(
    ("method", "authorization", "status"),
    [("GET", "", 401), ("GET", "Bearer other", 401), ("POST", "Bearer TOKEN", 405)],
)
def test_anything_else_is_refused(method, authorization, status):
    sent = authorization.replace("TOKEN", metadata.TOKEN)
    assert metadata.response(method, sent).status == status
