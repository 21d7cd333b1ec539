"""Stands in for Amazon Bedrock: a model that says what a test lets it say, when the test says so.

The server is the one that the example brings for use without AWS (examples/bedrock-chat).
"""

import contextlib
import importlib.util
import queue
from collections.abc import Iterator
from typing import Any

from tests.support.paths import ROOT

_WAITS_FOR_WORDS_S = 20
_PATH = ROOT / "examples/bedrock-chat/local_model.py"


def _local_model() -> Any:
    spec = importlib.util.spec_from_file_location("local_model", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


local_model = _local_model()
ModelError = local_model.ModelError
BrokenOff = local_model.BrokenOff


class Model:
    """`say` sends a piece of the open response, `finish` ends it. `asked` are the requests.

    `fail` ends it with an error: a ModelError as Bedrock's own, BrokenOff as a lost connection.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.words: queue.Queue[str | Exception | None] = queue.Queue()

    def say(self, text: str) -> None:
        self.words.put(text)

    def finish(self) -> None:
        self.words.put(None)

    def fail(self, error: Exception) -> None:
        self.words.put(error)

    def speak(self, request: dict[str, Any]) -> Iterator[str]:
        """Yields what the test lets it say. Raises what `fail` got."""
        self.asked.append(request)
        while (said := self.words.get(timeout=_WAITS_FOR_WORDS_S)) is not None:
            if isinstance(said, Exception):
                raise said
            yield said


@contextlib.contextmanager
def running() -> Iterator[Model]:
    model = Model()
    with local_model.serving(model.speak) as model.url:
        yield model
