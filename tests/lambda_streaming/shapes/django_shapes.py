"""The shape of Django's page on StreamingHttpResponse, for WSGI and for ASGI."""

import csv
from collections.abc import Iterator

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.urls import path

from tests.lambda_streaming.django_site import configure
from tests.lambda_streaming.shapes.source import async_items, items


class Echo:
    """A file that gives back what is written into it."""

    def write(self, value: str) -> str:
        return value


def large_csv(request: HttpRequest) -> StreamingHttpResponse:
    writer = csv.writer(Echo())
    rows: Iterator[str] = (writer.writerow([item, 1]) for item in items())
    headers = {"Content-Disposition": 'attachment; filename="somefilename.csv"'}
    return StreamingHttpResponse(rows, content_type="text/csv", headers=headers)


async def asynchronous(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(async_items(), content_type="text/plain")


def source(request: HttpRequest) -> FileResponse:
    return FileResponse(open(__file__, "rb"), filename="shapes.py")


routes = [
    path("large.csv", large_csv),
    path("asynchronous", asynchronous),
    path("source", source),
]

configure()

wsgi = get_wsgi_application()
asgi = get_asgi_application()
