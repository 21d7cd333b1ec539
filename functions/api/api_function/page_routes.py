"""The dashboard: a page and its static files, read once from one directory.

The page names its files under a digest of all of them. So a browser that has them never requests
them again, and requests a new version at once.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from dashboard_http.front import refuse
from dashboard_http.paths import requested_path
from dashboard_http.requests import single_header

from api_function.one_script import one_script

# Everything from this origin, and nothing from anywhere else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
PAGE = "index.html"
STYLES = ("live.css", "charts.css", "items.css", "panel.css", "screens.css", "print.css")
ASK_AGAIN = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"


def read_files(directory: Path) -> dict[str, str]:
    """Returns the files that may be served, by name.

    `live.js`, which the page requests, contains all that it imports; `live.css` all styles.
    """
    files = {
        path.name: path.read_text("utf-8") for path in directory.iterdir() if path.suffix in TYPES
    }
    style = "\n".join(files[name] for name in STYLES)
    return files | {"live.js": one_script("live", files), "live.css": style}


def add_page_routes(router: Router, files: Mapping[str, str]) -> None:
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
    served = {**files, PAGE: files[PAGE].replace('"static/', f'"static/{digest}/')}

    @router.get("/")
    def page() -> Response[Any]:
        if slashed := _with_slash(router.current_event.raw_event):
            return Response(308, headers={"Location": slashed, "Cache-Control": ASK_AGAIN})
        return _file(PAGE, ASK_AGAIN)

    @router.get("/static/<name>")
    def file(name: str) -> Response[Any]:
        return _file(name, ASK_AGAIN)

    @router.get("/static/<version>/<name>")
    def versioned_file(version: str, name: str) -> Response[Any]:
        """Serves a page that is older than this code, too: with the file as it is now."""
        caching = FOR_EVER if version == digest else ASK_AGAIN
        return _file(name, caching)

    def _file(name: str, caching: str) -> Response[Any]:
        if name not in served:
            return refuse(404, "Not found")
        request = router.current_event
        headers = HEADERS | {"Cache-Control": caching, "ETag": f'"{digest}"'}
        if digest in (single_header(request, "if-none-match") or ""):
            return Response(304, headers=headers)
        return Response(200, TYPES[Path(name).suffix], served[name], headers)


def _with_slash(payload: dict[str, Any]) -> str | None:
    """Returns the address with a last slash, if the request came without it; None otherwise.

    The addresses in the page are relative, so it needs the slash. API Gateway calls `/live` (a
    stage) or `/dash` (a base path) the path `/`, and says the original path as well. The redirect
    is relative itself, so it leads nowhere else, whatever the path looks like.
    """
    requested = requested_path(payload)
    if requested.endswith("/"):
        return None
    return f"./{requested.rpartition('/')[2]}/"
