"""The shapes of Flask's pages on streams, with what surrounds a request there."""

from collections.abc import Iterator
from pathlib import Path

from flask import (
    Flask,
    Response,
    abort,
    g,
    request,
    send_file,
    stream_template,
    stream_template_string,
    stream_with_context,
)
from markupsafe import escape

from tests.lambda_streaming.shapes.source import Rows, items, note

app = Flask(__name__)


@app.before_request
def before() -> None:
    g.opened = "opened before the request"


@app.after_request
def after(response: Response) -> Response:
    response.headers["x-after"] = "yes"
    return response


@app.teardown_request
def teardown(error: BaseException | None) -> None:
    note(f"torn down after {type(error).__name__}")


@app.get("/large.csv")
def large_csv() -> tuple[Iterator[str], dict[str, str]]:
    def generate() -> Iterator[str]:
        for item in items():
            yield f"{item},1\n"

    return generate(), {"Content-Type": "text/csv"}


@app.get("/response-class")
def response_class() -> Response:
    return app.response_class(items(), mimetype="text/plain")


@app.get("/template")
def template() -> Iterator[str]:
    return stream_template("timeline.html", rows=items())


@app.get("/template-string")
def template_string() -> Iterator[str]:
    return stream_template_string("{% for row in rows %}<p>{{ row }}{% endfor %}", rows=items())


@app.get("/with-context")
def with_context() -> Iterator[str]:
    def generate() -> Iterator[str]:
        yield "<p>Hello "
        yield escape(request.args["name"])
        yield f"!</p>{g.opened}"
        yield from items()

    return stream_with_context(generate())


@app.get("/with-context-decorated")
def with_context_decorated() -> Iterator[str]:
    @stream_with_context
    def generate() -> Iterator[str]:
        yield from items()
        yield request.path

    return generate()


@app.get("/events")
def events() -> Response:
    def generate() -> Iterator[str]:
        for item in items():
            yield f"data: {item}\n\n"

    return Response(generate(), mimetype="text/event-stream")


@app.get("/file")
def file() -> Response:
    return send_file(Path(__file__), mimetype="text/x-python")


@app.get("/file-like")
def file_like() -> Response:
    def generate() -> Iterator[bytes]:
        with Rows() as rows:
            yield from rows

    return Response(generate(), mimetype="application/octet-stream")


@app.get("/call-on-close")
def call_on_close() -> Response:
    response = Response(items())
    response.call_on_close(lambda: note("closed by the server"))
    return response


@app.post("/upload")
def upload() -> dict[str, int]:
    size = 0
    while block := request.stream.read(65_536):
        size += len(block)
    return {"bytes": size}


@app.get("/refused")
def refused() -> Iterator[str]:
    abort(418)


@app.get("/crash")
def crash() -> Iterator[str]:
    raise RuntimeError("before the response")


@app.get("/broken")
def broken() -> Iterator[str]:
    def generate() -> Iterator[str]:
        for item in items():
            yield item
            if item == "item-2":
                raise RuntimeError("midway")

    return generate()
