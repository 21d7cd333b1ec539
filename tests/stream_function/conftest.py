"""These fixtures run the HTTP functions in this process."""

import pytest

from tests.support.functions import emitted, make_service, metrics_namespace, service

__all__ = ["emitted", "make_service", "metrics_namespace", "service"]


@pytest.fixture
def mine(service):
    """Signs in a user who has a configuration for AAPL and MSFT."""
    session, headers = service.sign_in()
    created = service.configurations.create(session.user_id, "mine", ["AAPL", "MSFT"])
    path = f"/api/v2/configurations/{created.config_id}/stream"
    return session, headers, created, path
