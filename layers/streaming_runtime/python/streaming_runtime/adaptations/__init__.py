"""Which libraries need a hand, so that a body streams through them as people use them?

A library is adapted right after the function has imported it. Without it, nothing here is imported
either.
"""

from __future__ import annotations

from importlib import import_module

from streaming_runtime.imports import after_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from streaming_runtime.log import Log

# The library's module: the module of ours whose `adapt` is called with it.
POWERTOOLS = "aws_lambda_powertools"
OURS = "streaming_runtime.adaptations"
OUR_POWERTOOLS = f"{OURS}.powertools"
OUR_XRAY = f"{OURS}.xray"
ADAPTATIONS: dict[str, str] = {
    f"{POWERTOOLS}.event_handler.api_gateway": OUR_POWERTOOLS,
    f"{POWERTOOLS}.event_handler.bedrock_agent": OUR_POWERTOOLS,
    f"{POWERTOOLS}.event_handler.middlewares.openapi_validation": OUR_POWERTOOLS,
    f"{POWERTOOLS}.logging.logger": OUR_POWERTOOLS,
    f"{POWERTOOLS}.metrics.provider.base": OUR_POWERTOOLS,
    f"{POWERTOOLS}.tracing.tracer": OUR_POWERTOOLS,
    f"{POWERTOOLS}.utilities.idempotency.base": OUR_POWERTOOLS,
    "aws_xray_sdk.core": OUR_XRAY,
    "aws_xray_sdk.core.utils.conversion": OUR_XRAY,
    "datadog_lambda.wrapper": f"{OURS}.datadog",
    "lumigo_tracer.lambda_tracer.spans_container": f"{OURS}.lumigo",
    "newrelic_lambda.lambda_handler": f"{OURS}.newrelic",
    "opentelemetry.instrumentation.aws_lambda": f"{OURS}.opentelemetry",
    "sentry_sdk.integrations.aws_lambda": f"{OURS}.sentry",
    "sentry_sdk.integrations.serverless": f"{OURS}.sentry",
}


def adapt_when_imported(log: Log) -> None:
    """Has each library adapted as soon as the function imports it."""
    for library, adaptation in ADAPTATIONS.items():
        after_import(library, Adapting(adaptation, log))


class Adapting:
    """Calls an adaptation.

    A newer library may be another than the one that was adapted here. So an adaptation that fails
    is logged, and the function goes on without it.
    """

    def __init__(self, adaptation: str, log: Log) -> None:
        self._adaptation = adaptation
        self._log = log

    def __call__(self, module: ModuleType) -> None:
        try:
            import_module(self._adaptation).adapt(module)
        except Exception as error:
            what = f"{module.__name__}: {type(error).__name__}: {error}"
            self._log.write("WARN", f"runtime.adaptation_failed: {what}")
