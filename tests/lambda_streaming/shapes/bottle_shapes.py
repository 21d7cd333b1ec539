"""The shape of Bottle's page on views that are generators."""

from collections.abc import Iterator

from bottle import Bottle, response, static_file

from tests.lambda_streaming.shapes.source import items

app = Bottle()


@app.get("/")
def stream() -> Iterator[str]:
    response.content_type = "text/plain"
    yield from items()


@app.get("/file")
def file() -> object:
    return static_file("bottle_shapes.py", root=__file__.rpartition("/")[0])
