"""Prints spans as JSON. Runs beside the SDK; each line of the input is an export in base64."""

import json
import sys
from base64 import b64decode

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

exports = [ExportTraceServiceRequest.FromString(b64decode(line)) for line in sys.stdin]
spans = [
    MessageToDict(span)
    for export in exports
    for resource in export.resource_spans
    for scope in resource.scope_spans
    for span in scope.spans
]
print(json.dumps(spans))
