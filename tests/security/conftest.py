"""These fixtures run the HTTP functions in this process."""

from tests.support.functions import api, emitted, make_service, metrics_namespace, service

__all__ = ["api", "emitted", "make_service", "metrics_namespace", "service"]
