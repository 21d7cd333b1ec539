"""The dashboard: a page and its static files, read once from one directory.

The page names its files under a digest of all of them. So a browser that has them never requests
them again, and requests a new version at once. Each file is compressed once, when the first client
that takes it so requests it.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from dashboard_http.compression import BEST, CODING, ENCODED, VARIES, Compression, gzipped
from dashboard_http.front import refuse
from dashboard_http.paths import requested_path
from dashboard_http.requests import single_header

from api_function.bundle import bundled
from api_function.shorter import shorter_style

# Everything from this origin, and nothing from anywhere else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
}
# Scripts and styles obey the page's policy. This one is for a file that is opened by itself.
FILE_HEADERS = {"Content-Security-Policy": "default-src 'none'"}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
PAGE = "index.html"
STYLES = ("live.css", "charts.css", "items.css", "own.css", "screens.css", "print.css")
LATER_STYLE = "panel.css"
FRESH_MINUTES = 15
FRESH = re.compile(r'(<meta name="dashboard-fresh-minutes" content=")\d+(">)')
INDENTATION = re.compile("^ +", re.MULTILINE)
ASK_AGAIN = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"


def read_files(directory: Path) -> dict[str, str]:
    """Returns the files that may be served, by name.

    `live.js`, which the page requests, contains all that it imports, and so do the scripts that it
    loads later; `live.css` contains all styles. They come without comments and indentation.
    """
    files = {
        path.name: path.read_text("utf-8") for path in directory.iterdir() if path.suffix in TYPES
    }
    style = shorter_style("\n".join(files[name] for name in STYLES))
    pages = {name: INDENTATION.sub("", files[name]) for name in files if name.endswith(".html")}
    styles = {"live.css": style, LATER_STYLE: shorter_style(files[LATER_STYLE])}
    return files | bundled("live", files) | pages | styles


def add_page_routes(
    router: Router,
    files: Mapping[str, str],
    compression: Compression | None = None,
    fresh_minutes: int = FRESH_MINUTES,
) -> None:
    """`fresh_minutes`: minutes after which the page calls its newest item old."""
    page_text = FRESH.sub(rf"\g<1>{fresh_minutes}\g<2>", files[PAGE])
    told = {**files, PAGE: page_text}
    digest = hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:16]
    served = {**told, PAGE: page_text.replace('"static/', f'"static/{digest}/')}

    @cache
    def compressed(name: str) -> bytes:
        return gzipped(served[name].encode(), BEST)

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
        policy = HEADERS if name == PAGE else FILE_HEADERS
        headers = policy | {"Cache-Control": caching, "ETag": f'"{digest}"'}
        body: str | bytes = served[name]
        if compression and compression.is_possible(request.raw_event):
            headers |= VARIES
            least = compression.least_bytes(request.raw_event)
            if least is not None and len(served[name].encode()) >= least:
                body = compressed(name)
                headers |= {**ENCODED, "ETag": f'"{digest}-{CODING}"'}
        if _is_known(headers["ETag"], single_header(request, "if-none-match")):
            headers.pop("Content-Encoding", None)
            return Response(304, headers=headers)
        return Response(200, TYPES[Path(name).suffix], body, headers)


def _is_known(tag: str, if_none_match: str | None) -> bool:
    """Returns whether the client has the file, in the very coding that it would get.

    https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    """
    known = if_none_match or ""
    return known.strip() == "*" or tag in re.findall(r'"[^"]*"', known)


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
