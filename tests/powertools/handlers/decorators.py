"""Tracer, Metrics and Logger around handlers that return a stream, or a whole body.

The payload says which handler is called (`case`).
"""

from aws_lambda_powertools import Logger, Metrics, Tracer, single_metric
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.logging.buffer import LoggerBufferConfig
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.metrics.provider.datadog import DatadogMetrics
from aws_lambda_powertools.middleware_factory import lambda_handler_decorator
from aws_xray_sdk.core import xray_recorder

tracer = Tracer()
metrics = Metrics()
ephemeral = EphemeralMetrics(namespace="Other", service="shop")
datadog = DatadogMetrics(namespace="Dog", flush_to_log=True)
logger = Logger()
buffering = Logger(service="buffer", buffer_config=LoggerBufferConfig(max_bytes=10_000))
app = LambdaFunctionUrlResolver()
WHOLE = {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "whole"}


def text(body):
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": body}


def count():
    yield "one "
    yield "two"


def endless():
    while True:
        yield ""


class Reader:
    """A body as an object: it can be iterated over again and again, and never ends."""

    def __iter__(self):
        return endless()


# --- Tracer


@tracer.capture_lambda_handler
def traced(event, context):
    def body():
        tracer.put_annotation("inside", "yes")
        tracer.put_metadata("more", {"deep": count()})
        yield "one "
        with tracer.provider.in_subsegment("## part"):
            yield "two"

    return text(body())


@tracer.capture_lambda_handler
def traced_whole(event, context):
    return WHOLE


@tracer.capture_lambda_handler
def traced_endless(event, context):
    tracer.put_metadata("object", {"statusCode": 200, "body": Reader()})
    return text(endless())


@tracer.capture_lambda_handler
def traced_deep(event, context):
    tracer.put_metadata("deep", [{"a": ({"b": count()},)}])
    return {**text(count()), "more": [{"deep": count()}]}


@tracer.capture_lambda_handler
def traced_generator(event, context):
    yield "one "
    yield "two"


@tracer.capture_lambda_handler(capture_response=False)
def traced_silently(event, context):
    return text(count())


@tracer.capture_lambda_handler
def traced_failing(event, context):
    def body():
        yield "one"
        raise KeyError("late")

    return text(body())


@tracer.capture_lambda_handler
async def traced_async(event, context):
    async def body():
        tracer.put_annotation("inside", "yes")
        yield "one "
        yield "two"

    tracer.put_annotation("before", "yes")
    return text(body())


@tracer.capture_method
def generated():
    tracer.put_annotation("inside", "yes")
    yield "one "
    yield "two"


@tracer.capture_method
def made():
    return endless()


@tracer.capture_method
async def asynchronous_part():
    return count()


@tracer.capture_lambda_handler
def traced_method(event, context):
    return text(generated())


@tracer.capture_lambda_handler
def traced_maker(event, context):
    return text(made())


@tracer.capture_lambda_handler
async def traced_async_method(event, context):
    return text(await asynchronous_part())


def untraced(event, context):
    return text(count())


@xray_recorder.capture("## own")
def recorded(event, context):
    def body():
        xray_recorder.put_annotation("inside", "yes")
        yield "one"

    return text(body())


# --- Metrics


@metrics.log_metrics
def measured(event, context):
    metrics.add_dimension("route", "x")
    metrics.add_metric("Handled", MetricUnit.Count, 1)

    def body():
        yield "x"
        metrics.add_metric("Streamed", MetricUnit.Count, 2)

    return text(body())


@metrics.log_metrics
def measured_whole(event, context):
    metrics.add_metric("Handled", MetricUnit.Count, 1)
    return WHOLE


@metrics.log_metrics(raise_on_empty_metrics=True)
def measured_strictly(event, context):
    def body():
        yield "x"
        if not event.get("empty"):
            metrics.add_metric("Streamed", MetricUnit.Count, 1)

    return text(body())


@metrics.log_metrics(capture_cold_start_metric=True)
def measured_cold(event, context):
    return measured.__wrapped__(event, context)


@metrics.log_metrics
def measured_failing(event, context):
    def body():
        yield "x"
        metrics.add_metric("Streamed", MetricUnit.Count, 1)
        raise KeyError("late")

    return text(body())


@metrics.log_metrics
def measured_body_alone(event, context):
    metrics.add_metric("Handled", MetricUnit.Count, 1)

    def body():
        yield "x"
        metrics.add_metric("Streamed", MetricUnit.Count, 1)

    return {"body": body()}


@metrics.log_metrics
def measured_generator(event, context):
    yield "x"
    metrics.add_metric("Streamed", MetricUnit.Count, 1)


@metrics.log_metrics
async def measured_async(event, context):
    metrics.add_metric("Handled", MetricUnit.Count, 1)

    async def body():
        yield "x"
        metrics.add_metric("Streamed", MetricUnit.Count, 1)

    return text(body())


@metrics.log_metrics
async def measured_async_whole(event, context):
    metrics.add_metric("Handled", MetricUnit.Count, 1)
    return WHOLE


@lambda_handler_decorator
def forgetting(handler, event, context):
    handler(event, context)
    return WHOLE


@forgetting
@metrics.log_metrics
def measured_and_dropped(event, context):
    metrics.add_metric("Dropped", MetricUnit.Count, 1)
    return text(count())


@ephemeral.log_metrics(default_dimensions={"kind": "e"})
def measured_ephemeral(event, context):
    def body():
        yield "x"
        ephemeral.add_metric("Streamed", MetricUnit.Count, 1)

    return text(body())


@datadog.log_metrics(default_tags={"kind": "d"})
def measured_datadog(event, context):
    def body():
        yield "x"
        datadog.add_metric("Streamed", 1)

    return text(body())


def measured_single(event, context):
    def body():
        yield "x"
        with single_metric("Single", MetricUnit.Count, 1) as metric:
            metric.add_dimension("a", "b")

    return text(body())


def measured_by_hand(event, context):
    def body():
        yield "x"
        metrics.add_metric("Streamed", MetricUnit.Count, 1)
        metrics.flush_metrics()

    return text(body())


@metrics.log_metrics
def measured_much(event, context):
    def body():
        for number in range(101):
            yield "x"
            metrics.add_metric(f"Streamed{number}", MetricUnit.Count, 1)

    return text(body())


# --- Logger


@logger.inject_lambda_context(clear_state=True, correlation_id_path="headers.id")
def logged(event, context):
    logger.append_keys(tenant=event["headers"]["tenant"])

    def body():
        logger.info("first")
        yield "one "
        logger.append_keys(piece=2)
        logger.thread_safe_append_keys(safe="s")
        yield "two"
        logger.info("last")

    return text(body())


@logger.inject_lambda_context(clear_state=True)
def logged_whole(event, context):
    logger.info("only", extra={"more": [1, 2]})
    return WHOLE


@logger.inject_lambda_context
def logged_generator(event, context):
    logger.info("first")
    yield "one"


@logger.inject_lambda_context
def logged_failing(event, context):
    def body():
        yield "one"
        try:
            raise KeyError("late")
        except KeyError:
            logger.exception("failed")

    return text(body())


@logger.inject_lambda_context
def logged_context_keys(event, context):
    def body():
        with logger.append_context_keys(part="p"):
            logger.info("inside")
            yield "one"
        logger.info("outside")

    return text(body())


@buffering.inject_lambda_context(flush_buffer_on_uncaught_error=True)
def buffered_failing(event, context):
    buffering.debug("in the handler")

    def body():
        buffering.debug("in the stream")
        yield "one"
        raise KeyError("late")

    return text(body())


@buffering.inject_lambda_context(flush_buffer_on_uncaught_error=True)
def buffered(event, context):
    buffering.debug("in the handler")

    def body():
        yield "one"
        buffering.debug("in the stream")

    return text(body())


@buffering.inject_lambda_context
def buffered_error(event, context):
    buffering.debug("in the handler")

    def body():
        yield "one"
        buffering.error("an error")

    return text(body())


@buffering.inject_lambda_context
def buffered_by_hand(event, context):
    buffering.debug("in the handler")

    def body():
        yield "one"
        buffering.flush_buffer()

    return text(body())


@buffering.inject_lambda_context
async def buffered_async(event, context):
    buffering.debug("in the handler")

    async def body():
        yield "one"
        buffering.error("an error")

    return text(body())


# --- all of them


@app.get("/all")
def all_of_them_route():
    metrics.add_metric("Handled", MetricUnit.Count, 1)

    @tracer.capture_method
    def body():
        for number in range(3):
            logger.info("piece", number=number)
            metrics.add_metric("Piece", MetricUnit.Count, 1)
            yield f"{number} "

    return Response(200, "text/plain", body())


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def all_of_them(event, context):
    return app.resolve(event, context)


def handler(event, context):
    return globals()[event["case"]](event, context)
