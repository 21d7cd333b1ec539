"""These fixtures run all three functions in this process, over a table whose wire can fail."""

import pytest

from tests.support.dynamodb_wire import Wire
from tests.support.functions import Service, metrics_namespace

__all__ = ["metrics_namespace"]


@pytest.fixture(scope="module")
def wire(client):
    with pytest.MonkeyPatch.context() as environ:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environ.setenv(name, "none")
        environ.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        yield Wire()


@pytest.fixture
def service(wire, table, clock, metrics_namespace):
    made = Service(wire.client, table, clock)
    yield made
    made.close()


@pytest.fixture
def make_service_over_wire(wire, table, clock, metrics_namespace):
    made = []

    def make(**settings):
        made.append(Service(wire.client, table, clock, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()
