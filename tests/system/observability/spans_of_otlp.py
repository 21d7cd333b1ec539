"""Prints the spans of an OTLP export, read from standard input, as JSON. Runs beside the SDK."""

import json
import sys

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

request = ExportTraceServiceRequest()
request.ParseFromString(sys.stdin.buffer.read())
spans = [
    MessageToDict(span)
    for resource in request.resource_spans
    for scope in resource.scope_spans
    for span in scope.spans
]
print(json.dumps(spans))
