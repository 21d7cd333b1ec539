"""Features of Logger, Metrics and Tracer, one function for each.

Each runs before the handler returns, or inside of the stream, as the payload says.
"""

import asyncio
import json
import logging
import time

from aws_lambda_powertools import Logger, Metrics, Tracer, single_metric
from aws_lambda_powertools.logging import utils
from aws_lambda_powertools.logging.correlation_paths import LAMBDA_FUNCTION_URL
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricResolution, MetricUnit
from aws_lambda_powertools.metrics.provider.datadog import DatadogMetrics


class Loud(LambdaPowertoolsFormatter):
    def serialize(self, log):
        return super().serialize({**log, "message": str(log["message"]).upper()})


logger = Logger(level="DEBUG")
child = Logger(service="shop", child=True)
loud = Logger(service="loud", logger_formatter=Loud())
plain = Logger(service="plain", location="%(funcName)s", datefmt="%Y", use_rfc3339=False)
own_json = Logger(service="own", json_serializer=lambda log: json.dumps({"own": log["message"]}))
sampled = Logger(service="sampled", level="ERROR", sampling_rate=1)
library = logging.getLogger("library")
utils.copy_config_to_registered_loggers(logger, include={"library"})
metrics = Metrics()
other = EphemeralMetrics(namespace="Other", service="other")
datadog = DatadogMetrics(namespace="Dog", flush_to_log=True)
tracer = Tracer()


# --- Logger


def levels(event, context):
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(logger, level)(f"a {level}")


def appended_keys(event, context):
    logger.append_keys(order="1")
    logger.info("with")
    logger.remove_keys(["order"])
    logger.info("without")


def context_keys(event, context):
    with logger.append_context_keys(order="1"):
        logger.info("with")
    logger.info("without")


def thread_safe_keys(event, context):
    logger.thread_safe_append_keys(order="1")
    logger.info("with", extra={"current": sorted(logger.thread_safe_get_current_keys())})
    logger.thread_safe_clear_keys()
    logger.info("without")


def current_keys(event, context):
    logger.info("keys", extra={"keys": sorted(logger.get_current_keys())})


def correlation(event, context):
    logger.set_correlation_id("mine")
    logger.info(logger.get_correlation_id())


def extra_fields(event, context):
    logger.info({"nested": {"as": "object"}}, extra={"more": [1, 2]})
    logger.info("keyword", more=3)
    logger.info("%s of %d", "one", 2)


def exceptions(event, context):
    try:
        raise ValueError("caught")
    except ValueError:
        logger.exception("failed")


def children(event, context):
    logger.append_keys(parent="p")
    child.info("of the child")


def formatters(event, context):
    loud.info("quiet")
    plain.info("plain")
    own_json.info("text")


def sampling(event, context):
    sampled.debug("sampled")


def other_loggers(event, context):
    library.warning("of a library")


def fresh_structure(event, context):
    logger.structure_logs(order="2")
    logger.info("fresh")


# --- Metrics


def figures(event, context):
    metrics.add_metric("A", MetricUnit.Count, 1)
    metrics.add_metric("A", MetricUnit.Count, 2)
    metrics.add_metric("B", "Seconds", 0.5, resolution=MetricResolution.High)


def dimensions(event, context):
    metrics.add_dimension("route", "r")
    metrics.add_dimensions(region="a", stage="b")
    metrics.add_metric("A", MetricUnit.Count, 1)


def default_dimensions(event, context):
    metrics.set_default_dimensions(stage="s")
    metrics.add_metric("A", MetricUnit.Count, 1)
    metrics.flush_metrics()
    metrics.clear_default_dimensions()
    metrics.add_metric("B", MetricUnit.Count, 1)


def metadata(event, context):
    metrics.add_metadata("order", "1")
    metrics.set_timestamp(int(time.time() * 1000) - 60_000)
    metrics.add_metric("A", MetricUnit.Count, 1)


def single(event, context):
    with single_metric("S", MetricUnit.Count, 1, default_dimensions={"a": "b"}) as metric:
        metric.add_dimension("c", "d")


def ephemeral(event, context):
    other.add_metric("E", MetricUnit.Count, 1)
    other.flush_metrics()


def for_datadog(event, context):
    datadog.set_default_tags(stage="s")
    datadog.add_metric("D", 1, tag="t")
    datadog.flush_metrics()


# --- Tracer


def annotations(event, context):
    tracer.put_annotation("order", "1")
    tracer.put_metadata("more", {"a": [1, 2]}, namespace="own")


@tracer.capture_method
def captured(event, context):
    tracer.put_annotation("inside", True)
    return {"a": 1}


@tracer.capture_method(capture_response=False, capture_error=False)
def captured_silently(event, context):
    return {"secret": 1}


@tracer.capture_method
def failing():
    raise ValueError("inside")


def captured_error(event, context):
    try:
        failing()
    except ValueError:
        pass


def escape_hatch(event, context):
    with tracer.provider.in_subsegment("## own") as subsegment:
        subsegment.put_annotation("own", 1)


@tracer.capture_method
async def captured_async():
    await asyncio.sleep(0)
    return 1


def asynchronous(event, context):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(captured_async())
    loop.close()


@logger.inject_lambda_context(correlation_id_path=LAMBDA_FUNCTION_URL, clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event, context):
    feature = globals()[event["case"]]

    def body():
        feature(event, context)
        yield "done"

    content = body()
    if not event["streamed"]:
        content = "".join(content)
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": content}
