"""Utilities of Powertools around and inside of streams, with AWS in memory.

The payload says which handler is called (`case`).
"""

from amazon import S3, AppConfig, DynamoDb, Resource, Secrets, Ssm
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from aws_lambda_powertools.middleware_factory import lambda_handler_decorator
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
    async_process_partial_response,
    process_partial_response,
)
from aws_lambda_powertools.utilities.circuit_breaker import CircuitBreakerConfig, circuit_breaker
from aws_lambda_powertools.utilities.circuit_breaker.persistence.base import (
    CircuitBreakerPersistenceLayer,
)
from aws_lambda_powertools.utilities.data_classes import (
    LambdaFunctionUrlEvent,
    SQSEvent,
    event_source,
)
from aws_lambda_powertools.utilities.feature_flags import FeatureFlags, StoreProvider
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.serialization.custom_dict import (
    CustomDictSerializer,
)
from aws_lambda_powertools.utilities.jmespath_utils import extract_data_from_envelope
from aws_lambda_powertools.utilities.parser import BaseModel, envelopes, event_parser
from aws_lambda_powertools.utilities.streaming.s3_object import S3Object
from aws_lambda_powertools.utilities.validation import validate, validator
from lambda_streaming.powertools import StreamingResponse

dynamodb = DynamoDb()
store = DynamoDBPersistenceLayer("idempotency", boto3_client=dynamodb)
by_word = IdempotencyConfig(event_key_jmespath="word")
CALLS = []
WHOLE = {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "whole"}


def text(body):
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": body}


def count():
    yield "one "
    yield "two"


# --- Idempotency


@idempotent(persistence_store=store, config=by_word)
def idempotent_whole(event, context):
    CALLS.append(event["word"])
    return {**WHOLE, "calls": len(CALLS)}


@idempotent(persistence_store=store, config=by_word)
def idempotent_streamed(event, context):
    if event.get("whole"):
        return WHOLE
    return text(count())


@idempotent(persistence_store=store, config=by_word)
def idempotent_generator(event, context):
    yield "one"


@idempotent_function(
    persistence_store=store,
    config=IdempotencyConfig(event_key_jmespath="word"),
    data_keyword_argument="order",
)
def stored(order):
    CALLS.append(order["word"])
    return {"calls": len(CALLS)}


@idempotent_function(persistence_store=store, config=by_word, data_keyword_argument="order")
def modelled(order):
    return {"statusCode": 200, "body": Word(word=order["word"])}


def idempotent_model(event, context):
    stored_body = modelled(order=event)["body"]
    return text(str(dict(stored_body)["word"]))


def idempotent_inside(event, context):
    def body():
        yield "calls: "
        yield str(stored(order=event)["calls"])

    return text(body())


@idempotent_function(persistence_store=store, config=by_word, data_keyword_argument="order")
def made(order):
    return count()


def idempotent_maker(event, context):
    return text(made(order=event))


@idempotent_function(
    persistence_store=store,
    config=by_word,
    data_keyword_argument="order",
    output_serializer=CustomDictSerializer(
        to_dict=lambda pieces: {"pieces": pieces.written},
        from_dict=lambda stored: iter(stored["pieces"]),
    ),
)
def kept(order):
    pieces = Kept()
    pieces.written = ["one ", "two"]
    return pieces


class Kept:
    def __iter__(self):
        return iter(self.written)


def idempotent_serialized(event, context):
    return text(iter(kept(order=event)))


def idempotency_records(event, context):
    return sorted(item["status"]["S"] for item in dynamodb.items.values())


# --- Validation


WORD = {"type": "object", "required": ["word"], "properties": {"word": {"type": "string"}}}
STATUS = {"type": "object", "required": ["statusCode"]}
TEXT = {"type": "object", "properties": {"body": {"type": "string"}}}


@validator(inbound_schema=WORD, outbound_schema=STATUS)
def validated(event, context):
    return text(count()) if event.get("streamed") else WHOLE


@validator(outbound_schema=TEXT)
def validated_body(event, context):
    return text(count()) if event.get("streamed") else WHOLE


def validated_inside(event, context):
    def body():
        yield validate(event=event, schema=WORD)["word"]

    return text(body())


# --- Parser, data classes, JMESPath, middlewares


class Word(BaseModel):
    word: str


@event_parser(model=Word)
def parsed(event: Word, context):
    def body():
        yield event.word

    return text(body())


@event_parser(model=Word, envelope=envelopes.LambdaFunctionUrlEnvelope)
def parsed_envelope(event: Word, context):
    def body():
        yield event.word

    return text(body())


@event_source(data_class=LambdaFunctionUrlEvent)
def classed(event: LambdaFunctionUrlEvent, context):
    def body():
        yield event.request_context.http.method
        yield event.path

    return text(body())


def extracted(event, context):
    def body():
        yield extract_data_from_envelope(event, "powertools_json(body).word")

    return text(body())


@lambda_handler_decorator
def around(handler, event, context, name):
    result = handler(event, context)
    result["headers"]["X-Around"] = name
    return result


@around(name="mine")
def surrounded(event, context):
    return text(count()) if event.get("streamed") else {**WHOLE, "headers": {}}


@lambda_handler_decorator(trace_execution=True)
def traced_around(handler, event, context):
    return handler(event, context)


@traced_around
def surrounded_traced(event, context):
    return text(count())


# --- Batch


batch = BatchProcessor(event_type=EventType.SQS)
asynchronous_batch = AsyncBatchProcessor(event_type=EventType.SQS)
fifo = SqsFifoPartialProcessor()


def on_record(record):
    if record.body == "bad":
        raise ValueError("bad record")
    return record.body


async def on_record_async(record):
    return on_record(record)


def batched(event, context):
    return process_partial_response(event, on_record, batch, context)


def batched_fifo(event, context):
    return process_partial_response(event, on_record, fifo, context)


def batched_async(event, context):
    return async_process_partial_response(event, on_record_async, asynchronous_batch, context)


def batched_inside(event, context):
    def body():
        with batch(records=event["Records"], handler=on_record):
            for status, result, _ in batch.process():
                yield f"{status}: {result}\n"

    return text(body())


@event_source(data_class=SQSEvent)
def batched_class(event: SQSEvent, context):
    return [record.body for record in event.records]


# --- Circuit breaker


class Circuits(CircuitBreakerPersistenceLayer):
    """Keeps the state of circuits in memory."""

    def __init__(self):
        super().__init__()
        self.records = {}

    def _get_record(self, name):
        return self.records.get(name)

    def _put_record(self, record, condition=None, expected_opened_at=None):
        self.records[record.name] = record

    _update_record = _put_record


circuits = Circuits()
at_once = CircuitBreakerConfig(failure_threshold=1, local_cache_max_age=0)


def breaking():
    yield "one"
    raise KeyError("late")


@circuit_breaker("streaming", circuits, config=at_once)
def broken_stream():
    return breaking()


@circuit_breaker("whole", circuits, config=at_once)
def broken_whole():
    return "".join(breaking())


def circuit(event, context):
    return text(broken_stream() if event.get("streamed") else broken_whole())


# --- Parameters, feature flags, S3


def read_parameters():
    ssm = parameters.SSMProvider(boto3_client=Ssm())
    yield ssm.get("/a")
    yield ssm.get_multiple("/many")["b"]
    yield parameters.SecretsProvider(boto3_client=Secrets()).get("s")
    yield parameters.DynamoDBProvider("parameters", boto3_client=Resource()).get("a")


def configured():
    provider = parameters.AppConfigProvider("e", "a", boto3_client=AppConfig())
    yield provider.get("c", transform="json")["mode"]


class Flags(StoreProvider):
    def get_configuration(self):
        return {"premium": {"default": True}, "beta": {"default": False}}

    @property
    def get_raw_configuration(self):
        return self.get_configuration()


def flagged():
    flags = FeatureFlags(store=Flags())
    yield str(flags.evaluate(name="premium", default=False))
    yield str(flags.evaluate(name="beta", default=True))


def of_bucket():
    yield from S3Object(bucket="bucket", key="k", boto3_client=S3())


BODIES = {
    "parameters": read_parameters,
    "appconfig": configured,
    "flags": flagged,
    "bucket": of_bucket,
}


def inside(event, context):
    body = BODIES[event["body_of"]]()
    return text(body if event.get("streamed") else _joined(body))


def _joined(pieces):
    return "".join(piece.decode() if isinstance(piece, bytes) else piece for piece in pieces)


app = LambdaFunctionUrlResolver()


@app.get("/object")
def object_itself():
    return StreamingResponse(200, "text/plain", S3().get_object()["Body"])


def routed(event, context):
    return app.resolve(event, context)


def handler(event, context):
    return globals()[event["case"]](event, context)
