"""These tests run the runtime's loop in this process."""

import pytest
from streaming_runtime.adaptations import ADAPTATIONS


@pytest.fixture(autouse=True)
def libraries_as_they_are():
    """Keeps `lambda_streaming.testing` from adapting libraries that other tests here use."""
    adaptations = dict(ADAPTATIONS)
    ADAPTATIONS.clear()
    yield
    ADAPTATIONS.update(adaptations)
