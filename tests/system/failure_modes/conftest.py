"""These fixtures run the HTTP functions in this process."""

from tests.support.functions import emitted, make_service, metrics_namespace, service

__all__ = ["emitted", "make_service", "metrics_namespace", "service"]
