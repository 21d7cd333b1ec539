"""Every operation of the service and every answer it can give, as one table. `document` makes OpenAPI of it.

A test compares the table with the routes of both functions.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from dashboard_data.users.drafts import ConfigurationDraft
from dashboard_http.events import EVENT_TYPES
from pydantic import BaseModel

from api_function import answers
from api_function.page_routes import TYPES

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
NOTHING: Mapping[str, str] = MappingProxyType({})

Headers = Mapping[str, str]  # name: what it says


class Given(NamedTuple):
    """One answer. `media`: what a body without a model may be."""

    description: str
    model: type[BaseModel] | None = None
    headers: Headers = NOTHING
    media: tuple[str, ...] = ()


class Parameter(NamedTuple):
    name: str
    place: str  # path, query or header
    description: str
    schema: Mapping[str, object] = MappingProxyType({"type": "string"})


class Operation(NamedTuple):
    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, Given]
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    protected: bool = False


CONFIG_ID = Parameter(
    "config_id", "path", "A configuration of one's own.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
)
POSITION = (
    Parameter("Last-Event-ID", "header", "The id of the last event that was seen: what was missed since comes first."),
    Parameter("last_event_id", "query", "The same, for clients that cannot set headers on their first connection."),
)
CONNECTION_KEY = Parameter(
    "X-Connection-Key",
    "header",
    "22 characters of base64url, drawn at random for this one connection: closes it before its id is known.",
)
LOCATION = {"Location": "The page."}
RETRY = {"Retry-After": "Seconds after which it is worth trying again."}
CHALLENGE = "`Bearer`. Fronts of Lambda send it as `x-amzn-Remapped-WWW-Authenticate`."
UNAUTHORIZED = Given("No valid token.", answers.Problem, {"WWW-Authenticate": CHALLENGE})
NO_CONFIGURATION = Given("No such configuration of this user; anybody else's looks the same.", answers.Problem)
FAILED = Given("Something failed; nothing about it is told.", answers.Problem)
BAD_BODY = {
    400: Given("The body is not JSON.", answers.Problem),
    413: Given("The body is too long.", answers.Problem),
    422: Given("The body breaks a rule; `detail` begins with the field.", answers.Problem),
}
EVENTS = ", ".join(f"`{name}`" for name in EVENT_TYPES.values())
STREAM = {
    200: Given(
        f"An endless event stream: {EVENTS}, each with an id to carry on from.",
        headers={
            "X-Connection-Id": "Unguessable; closes this stream when it is sent to the close call.",
            "X-Accel-Buffering": "`no`.",
        },
        media=(EVENT_STREAM,),
    ),
    410: Given("The client has closed this connection already, by its key.", answers.Problem),
    429: Given("This client holds its share of the streams already.", answers.ClientFull, RETRY),
    503: Given("As many streams are open as may be, or too many are opening.", answers.StreamsFull, RETRY),
}

UNCHANGED = {304: Given("The client has it already, as `If-None-Match` says.")}
ANSWERS_OF_FILES = {
    "GET": {200: Given("The file.", media=tuple(dict.fromkeys(TYPES.values())))} | UNCHANGED,
    "HEAD": {200: Given("There is such a file.")} | UNCHANGED,
}
NO_FILE = {404: Given("No such file.", answers.Problem)}
FILE = Parameter("name", "path", "As the page names it.")
FILES = (
    ("/", "dashboard", "The dashboard", {308: Given("Its last slash is missing.", headers=LOCATION)}, ()),
    ("/static/{name}", "file", "A file of the dashboard", NO_FILE, (FILE,)),
    (
        "/static/{version}/{name}",
        "versionedFile",
        "The same, to be kept for ever",
        NO_FILE,
        (Parameter("version", "path", "A digest of all files; with another one, the file may change."), FILE),
    ),
)

OPERATIONS = (
    Operation(
        "GET",
        "/api/v2/stream",
        "stream",
        "Every item and the metrics of all tickers, as they happen",
        STREAM,
        (*POSITION, CONNECTION_KEY),
    ),
    Operation(
        "GET",
        "/api/v2/configurations/{config_id}/stream",
        "streamConfiguration",
        "The items and the metrics of a configuration's tickers, as they happen",
        STREAM | {401: UNAUTHORIZED, 404: NO_CONFIGURATION},
        (CONFIG_ID, *POSITION, CONNECTION_KEY),
        protected=True,
    ),
    Operation(
        "POST",
        "/api/v2/stream/connections/{connection_id}/close",
        "closeStream",
        "The client has left: its stream ends within one poll",
        {
            204: Given("Whether there was such a stream is nobody's business."),
            404: Given("This cannot be the id of a stream.", answers.Problem),
        },
        (
            Parameter(
                "connection_id", "path", "The stream's `X-Connection-Id`, or the `X-Connection-Key` that was sent."
            ),
        ),
    ),
    Operation(
        "GET", "/api/v2/stream/status", "status", "How many streams are open", {200: Given("Now.", answers.Status)}
    ),
    Operation(
        "GET",
        "/api/v2/metrics",
        "metrics",
        "The current metrics and the newest items, for those who poll",
        {200: Given("Now.", answers.MetricsAndItems)},
    ),
    Operation(
        "POST",
        "/api/v2/auth/anonymous",
        "signIn",
        "A session for somebody without a name",
        {201: Given("It is valid at once.", answers.AnonymousSession)},
    ),
    Operation(
        "DELETE",
        "/api/v2/auth/anonymous",
        "signOut",
        "Ends the session of the token that is sent, and its streams within one poll",
        {204: Given("There is no such session now.")},
    ),
    Operation(
        "GET",
        "/api/v2/configurations",
        "listConfigurations",
        "One's own configurations",
        {200: Given("All of them.", answers.ConfigurationList), 401: UNAUTHORIZED},
        protected=True,
    ),
    Operation(
        "POST",
        "/api/v2/configurations",
        "createConfiguration",
        "A new configuration",
        {
            201: Given("Created.", answers.ConfigurationShown),
            401: UNAUTHORIZED,
            409: Given("This user has as many as one user may have.", answers.Problem),
        }
        | BAD_BODY,
        body=ConfigurationDraft,
        protected=True,
    ),
    Operation(
        "GET",
        "/api/v2/configurations/{config_id}",
        "readConfiguration",
        "One configuration",
        {200: Given("As it is.", answers.ConfigurationShown), 401: UNAUTHORIZED, 404: NO_CONFIGURATION},
        (CONFIG_ID,),
        protected=True,
    ),
    Operation(
        "PUT",
        "/api/v2/configurations/{config_id}",
        "changeConfiguration",
        "Replaces name and tickers; open streams follow within one poll",
        {200: Given("As it is now.", answers.ConfigurationShown), 401: UNAUTHORIZED, 404: NO_CONFIGURATION} | BAD_BODY,
        (CONFIG_ID,),
        body=ConfigurationDraft,
        protected=True,
    ),
    Operation(
        "DELETE",
        "/api/v2/configurations/{config_id}",
        "deleteConfiguration",
        "Deletes a configuration; its open streams end within one poll",
        {204: Given("Deleted."), 401: UNAUTHORIZED, 404: NO_CONFIGURATION},
        (CONFIG_ID,),
        protected=True,
    ),
    Operation(
        "GET",
        "/api/v2/openapi.json",
        "document",
        "This document",
        {200: Given("OpenAPI 3.1.", media=(JSON,))},
    ),
    Operation(
        "GET",
        "/health",
        "health",
        "Does the table answer?",
        {200: Given("It does.", answers.Health), 503: Given("It does not.", answers.Health)},
    ),
    *(
        Operation(
            method,
            path,
            f"{name}Head" if method == "HEAD" else name,
            summary,
            ANSWERS_OF_FILES[method] | others,
            parameters,
        )
        for path, name, summary, others, parameters in FILES
        for method in ("GET", "HEAD")
    ),
)
