"""Functions that use Powertools, each as one process for all tests of a file."""

import pytest

from tests.powertools.process import OURS, STOCK, Function


@pytest.fixture(scope="module")
def functions():
    """Returns a function that starts a process once for each handler and environment."""
    started = {}

    def function(handler, command, environ):
        key = (handler, command[0], tuple(sorted(environ.items())))
        assert started.get(key, key) is not None, f"{handler} did not start"
        if key not in started:
            started[key] = None
            started[key] = Function(handler, command, **environ)
        return started[key]

    yield function
    for each in filter(None, started.values()):
        each.close()


@pytest.fixture
def ours(functions):
    """Returns a function that invokes a handler under the streaming runtime."""

    def invoke(handler, payload, environ=None, **headers):
        return functions(handler, OURS, environ or {}).invoke(payload, **headers)

    return invoke


@pytest.fixture
def stock(functions):
    """Returns a function that invokes a handler under the stock client."""

    def invoke(handler, payload, environ=None, **headers):
        return functions(handler, STOCK, environ or {}).invoke(payload, **headers)

    return invoke
