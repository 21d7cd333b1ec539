"""Holds the files of the page and the headers that keep it to itself."""

from pathlib import Path

from local_lambda.http.messages import Headers, HttpResponse

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Headers = (
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


def read() -> dict[str, HttpResponse]:
    """Returns the responses by path. `/` is index.html."""
    files = [path for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES]
    responses = {f"/page/{path.name}": _response(path) for path in files}
    return {"/": responses.pop("/page/index.html"), **responses}


def _response(path: Path) -> HttpResponse:
    headers = (("Content-Type", _TYPES[path.suffix]), *_HEADERS)
    return HttpResponse(200, headers, path.read_bytes())
