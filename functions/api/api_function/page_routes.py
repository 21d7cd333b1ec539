"""The dashboard: a page and its static files, read once, from a directory whose files alone can be asked for."""

from collections.abc import Mapping
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import Router
from dashboard_http.front import refuse

# Everything from this origin, and nothing from anywhere else.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " + (
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}


def read_files(directory: Path) -> dict[str, str]:
    """The files that may be served, by name."""
    return {path.name: path.read_text("utf-8") for path in directory.iterdir() if path.suffix in TYPES}


def add_page_routes(router: Router, files: Mapping[str, str]) -> None:
    @router.get("/")
    def page() -> Response:
        return _file("index.html")

    @router.get("/static/<name>")
    def static(name: str) -> Response:
        return _file(name)

    def _file(name: str) -> Response:
        if name not in files:
            return refuse(404, "Not found")
        return Response(200, TYPES[Path(name).suffix], files[name], HEADERS)
