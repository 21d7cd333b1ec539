"""Applications of every framework, as people write them. Each serves what its routes say."""

import asyncio
import time
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, File, Form, HTTPException, UploadFile
from fastapi import Request as FastApiRequest
from fastapi.responses import StreamingResponse as FastApiStream
from fastapi.sse import EventSourceResponse as FastApiEvents
from fastapi.sse import ServerSentEvent
from litestar import Litestar, get, post
from litestar.response import Stream
from pydantic import BaseModel
from quart import Quart, websocket
from quart import request as quart_request
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException as StarletteException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route

DONE = []  # the names of background tasks that have run


# --- Starlette


async def said(request):
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": sorted(request.query_params.multi_items()),
            "cookies": request.cookies,
            "body": body.decode("latin-1"),
            "agent": request.headers.get("user-agent"),
        }
    )


async def numbers():
    for number in range(3):
        yield f"{number}\n"
        await asyncio.sleep(0.001)


def blocking_numbers():
    for number in range(3):
        yield f"{number}\n"
        time.sleep(0.001)


async def fails_midway():
    yield "begun"
    raise ValueError("midway")


async def streamed(request):
    return StreamingResponse(numbers(), media_type="text/plain")


async def streamed_in_a_thread(request):
    return StreamingResponse(blocking_numbers(), media_type="text/plain")


async def broken(request):
    return StreamingResponse(fails_midway(), media_type="text/plain")


async def raises(request):
    raise ValueError("before")


async def handled(request):
    raise LookupError("no such thing")


async def forbidden(request):
    raise StarletteException(403, "go away", headers={"x-why": "because"})


async def with_background(request):
    return PlainTextResponse("ok", background=BackgroundTask(DONE.append, "starlette"))


async def with_failing_background(request):
    def fail():
        raise ValueError("in the background")

    return PlainTextResponse("ok", background=BackgroundTask(fail))


async def cookies(request):
    response = PlainTextResponse("cookies")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2", httponly=True, path="/x")
    response.headers.append("x-twice", "one")
    response.headers.append("x-twice", "two")
    return response


async def file(request):
    return FileResponse(__file__, media_type="text/plain", filename="apps.py")


async def empty(request):
    return Response(status_code=204)


async def not_modified(request):
    return Response(status_code=304, headers={"etag": '"x"'})


async def redirected(request):
    return RedirectResponse("/said?from=redirected")


async def binary(request):
    return Response(bytes(range(256)), media_type="image/png")


async def long_text(request):
    return PlainTextResponse("text " * 1000)


async def form(request):
    async with request.form() as fields:
        return JSONResponse(
            {name: getattr(value, "filename", value) for name, value in fields.items()}
        )


async def chunks(request):
    sizes = [len(chunk) async for chunk in request.stream()]
    return JSONResponse({"bytes": sum(sizes), "last": sizes[-1]})


class Stamp(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-stamp"] = request.url.path
        return response


async def not_found_handler(request, error):
    return JSONResponse({"nothing": request.url.path}, status_code=404)


async def lookup_handler(request, error):
    return JSONResponse({"error": str(error)}, status_code=418)


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ROUTES = [
    Route("/said", said, methods=METHODS),
    Route("/said/{rest:path}", said, methods=METHODS),
    Route("/streamed", streamed),
    Route("/streamed-in-a-thread", streamed_in_a_thread),
    Route("/broken", broken),
    Route("/raises", raises),
    Route("/handled", handled),
    Route("/forbidden", forbidden),
    Route("/background", with_background),
    Route("/failing-background", with_failing_background),
    Route("/cookies", cookies),
    Route("/file", file),
    Route("/empty", empty),
    Route("/not-modified", not_modified),
    Route("/redirected", redirected),
    Route("/binary", binary),
    Route("/long", long_text),
    Route("/form", form, methods=["POST"]),
    Route("/chunks", chunks, methods=["POST"]),
    Route("/slash/", said),
]
starlette = Starlette(
    routes=[*ROUTES, Mount("/mounted", routes=ROUTES)],
    middleware=[
        Middleware(Stamp),
        Middleware(GZipMiddleware, minimum_size=500),
        Middleware(CORSMiddleware, allow_origins=["https://a.example"], allow_credentials=True),
    ],
    exception_handlers={404: not_found_handler, LookupError: lookup_handler},
)


# --- FastAPI


@asynccontextmanager
async def lifespan(app):
    DONE.append("started")
    yield {"greeting": "hello"}
    DONE.append("stopped")


class Item(BaseModel):
    name: str
    price: float = 1.0


fastapi = FastAPI(lifespan=lifespan)


async def resource():
    """Gives a list that says whether its time is over."""
    states = ["open"]
    yield states
    states.append("closed")


@fastapi.get("/greeting")
async def greeting(request: FastApiRequest):
    return {"greeting": request.state.greeting}


@fastapi.post("/items/{number}", status_code=201)
def make_item(number: int, item: Item, q: str | None = None):
    return {"number": number, "item": item, "q": q}


@fastapi.get("/depends")
async def depends(found: Annotated[list, Depends(resource)]):
    return {"found": found}


@fastapi.get("/depends-streamed")
async def depends_streamed(found: Annotated[list, Depends(resource)]):
    async def parts():
        yield found[-1]
        await asyncio.sleep(0.001)
        yield found[-1]

    return FastApiStream(parts(), media_type="text/plain")


@fastapi.post("/upload")
async def upload(file: Annotated[UploadFile, File()], note: Annotated[str, Form()] = ""):
    content = await file.read()
    return {"name": file.filename, "bytes": len(content), "note": note}


@fastapi.get("/blocking-background")
def blocking_background(tasks: BackgroundTasks):
    tasks.add_task(DONE.append, "fastapi")
    return {"ok": True}


@fastapi.get("/teapot")
async def teapot():
    raise HTTPException(418, {"short": "stout"}, headers={"x-tea": "earl grey"})


@fastapi.get("/fails")
async def fails():
    raise KeyError("x")


@fastapi.get("/stream")
async def stream():
    return FastApiStream(blocking_numbers())


@fastapi.get("/breaks")
async def breaks():
    return FastApiStream(fails_midway())


@fastapi.get("/own-events", response_class=FastApiEvents)
async def own_events():
    for number in range(2):
        yield {"number": number}
    yield ServerSentEvent(data="done", event="end", id="2", retry=1000)


@fastapi.get("/own-blocking-events", response_class=FastApiEvents)
def own_blocking_events():
    yield from ({"number": number} for number in range(3))


@fastapi.get("/events")
async def events():
    async def source():
        for number in range(3):
            yield {"event": "count", "id": str(number), "data": f"{number}"}

    return EventSourceResponse(source())


# --- Quart

quart = Quart("quart_app")


@quart.route("/q/<name>", methods=["GET", "POST"])
async def q(name):
    body = await quart_request.get_data()
    return {"name": name, "args": quart_request.args.to_dict(), "body": body.decode("latin-1")}


@quart.route("/stream")
async def quart_stream():
    return numbers(), 200, {"content-type": "text/plain", "x-a": "b"}


@quart.route("/fails")
async def quart_fails():
    raise ValueError("quart")


@quart.websocket("/ws")
async def quart_ws():
    await websocket.send("no")


# --- Litestar


@get("/l/{name:str}")
async def l_name(name: str, page: int = 1) -> dict[str, object]:
    return {"name": name, "page": page}


@post("/echo")
async def l_echo(data: dict[str, object]) -> dict[str, object]:
    return data


@get("/stream", media_type="text/plain")
async def l_stream() -> Stream:
    return Stream(numbers())


@get("/fails")
async def l_fails() -> None:
    raise ValueError("litestar")


def make_litestar():
    """Its lifespan belongs to one server, so each one needs an application of its own."""
    return Litestar([l_name, l_echo, l_stream, l_fails])
