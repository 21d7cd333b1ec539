"""The X-Ray SDK: it must not read a body, and a stream gets a subsegment of its own.

Powertools' Tracer records what a handler returns as metadata, and so reads whatever can be read:
of the body nothing is left. And the handler's subsegment ends before the stream begins.
https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python.html
"""

from __future__ import annotations

import sys

from streaming_runtime.adaptations.lasting import is_failure, users_traceback
from streaming_runtime.adaptations.streams import is_read_later, is_read_once, name_of
from streaming_runtime.scopes import STREAM_SCOPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Any

SUBSEGMENT = "## stream"


def adapt(module: ModuleType) -> None:
    """Raises AttributeError for a version of the SDK that is another than it was."""
    adaptation = {
        "aws_xray_sdk.core.utils.conversion": leave_streams_unread,
        "aws_xray_sdk.core": trace_streams,
    }
    adaptation[module.__name__](module)


def leave_streams_unread(conversion: Any) -> None:
    """Metadata holds the name of a stream's class in its place."""
    original = conversion.metadata_to_dict

    def metadata_to_dict(value: Any) -> Any:
        if is_read_once(value):
            return name_of(value)
        if isinstance(value, dict) and "statusCode" in value and is_read_later(value.get("body")):
            value = {**value, "body": name_of(value["body"])}
        return original(value)

    conversion.metadata_to_dict = metadata_to_dict
    entity = sys.modules.get("aws_xray_sdk.core.models.entity")
    if entity is not None:  # the SDK was imported before this runtime was there
        vars(entity)["metadata_to_dict"] = metadata_to_dict


def trace_streams(core: Any) -> None:
    """Each stream of a traced invocation is a subsegment, which ends with it."""
    recorder = core.xray_recorder
    STREAM_SCOPES.append(lambda: StreamSubsegment(recorder))


class StreamSubsegment:
    """A context manager: a subsegment for as long as the invocation is sampled, else nothing."""

    def __init__(self, recorder: Any) -> None:
        self._recorder = recorder
        self._subsegment: Any = None

    def __enter__(self) -> None:
        # Without a trace, or outside of the sample, there is nothing that could be annotated.
        if getattr(self._recorder.get_trace_entity(), "sampled", False):
            self._subsegment = self._recorder.begin_subsegment(SUBSEGMENT)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._subsegment is None:
            return
        if is_failure(error):
            import traceback  # only failures pay for it

            own = users_traceback(error)
            stack = traceback.extract_tb(own, limit=self._recorder.max_trace_back)
            self._subsegment.add_exception(error, stack)
        # A subsegment that the body has left open ends with it.
        while self._subsegment.in_progress and self._recorder.current_subsegment():
            self._recorder.end_subsegment()
