"""The HTTP functions in this process."""

from tests.support.functions import metrics_namespace

__all__ = ["metrics_namespace"]
