"""Every operation of the service and every response it can give, as one table.

`document` makes OpenAPI of it, and a test compares the table with the routes of both functions.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from dashboard_data.users.drafts import ConfigurationDraft
from dashboard_http.events import EVENT_TYPES
from pydantic import BaseModel

from api_function import responses
from api_function.page_routes import TYPES

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
NOTHING: Mapping[str, str] = MappingProxyType({})

Headers = Mapping[str, str]  # name: description


class DocumentedResponse(NamedTuple):
    """One response. `media`: the content types that a body without a model may have."""

    description: str
    model: type[BaseModel] | None = None
    headers: Headers = NOTHING
    media: tuple[str, ...] = ()


class Parameter(NamedTuple):
    """One parameter, required in a path. The values of an array come in parameters of their own."""

    name: str
    place: str  # path, query or header
    description: str
    schema: Mapping[str, object] = MappingProxyType({"type": "string"})


class Operation(NamedTuple):
    method: str
    path: str
    name: str
    summary: str
    responses: Mapping[int, DocumentedResponse]
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    protected: bool = False
    uses_table: bool = True


CONFIG_ID = Parameter(
    "config_id",
    "path",
    "One of the user's own configurations.",
    {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
)
POSITION = (
    Parameter(
        "Last-Event-ID",
        "header",
        "The id of the last event that was seen. Missed items come first.",
    ),
    Parameter(
        "last_event_id",
        "query",
        "The same, for clients that cannot set headers. The header has precedence.",
    ),
    Parameter(
        "lastEventId",
        "query",
        "The same, as EventSource polyfills name it. `last_event_id` has precedence.",
    ),
)
TICKER = Parameter(
    "ticker",
    "query",
    "Metrics and items of these tickers alone, in letters of either case. They may also come in "
    "one parameter, separated by commas. A ticker without items has zeros.",
    {
        "type": "array",
        "items": {"type": "string", "pattern": "^[A-Za-z]{1,5}$"},
        "minItems": 1,
        "maxItems": 5,
    },
)
CONNECTION_KEY = Parameter(
    "X-Connection-Key",
    "header",
    "22 random characters of base64url, for one connection. Closes it before its id is known.",
)
LOCATION = {"Location": "The page."}
RETRY = {"Retry-After": "Seconds after which to try again."}
CHALLENGE = "`Bearer`. Lambda's fronts send it as `x-amzn-Remapped-WWW-Authenticate`."
UNAUTHORIZED = DocumentedResponse(
    "No valid token.", responses.Problem, {"WWW-Authenticate": CHALLENGE}
)
NO_CONFIGURATION = DocumentedResponse(
    "This user has no such configuration. Same response for another user's.", responses.Problem
)
FAILED = DocumentedResponse("An error, without its details.", responses.Problem)
OUTAGE = DocumentedResponse(
    "The table cannot be read at the moment. Nothing was changed, or it is not known.",
    responses.Problem,
    RETRY,
)
BAD_BODY = {
    400: DocumentedResponse("The body is not JSON.", responses.Problem),
    413: DocumentedResponse("The body is too long.", responses.Problem),
    422: DocumentedResponse(
        "The body breaks a rule. `detail` begins with the field.", responses.Problem
    ),
}
EVENTS = ", ".join(f"`{name}`" for name in EVENT_TYPES.values())
STREAM = {
    200: DocumentedResponse(
        f"An endless event stream: {EVENTS}, each with an id to resume from. Comment lines come "
        "between. The first `metrics` event has a `retry` of 0.2 to 9 s, the last `heartbeat` one "
        "of 0.1 to 1.5 s, or of 0.2 to 9 s if many may end for its reason. If the table cannot be "
        "read, the stream ends at once, without an event: with a `retry` of 5 to 15 s and a "
        "comment.",
        headers={
            "X-Connection-Id": "Unguessable. The close call takes it to close this stream.",
            "X-Accel-Buffering": "`no`.",
        },
        media=(EVENT_STREAM,),
    ),
    410: DocumentedResponse(
        "The client has closed this connection already, by its key.", responses.Problem
    ),
    429: DocumentedResponse(
        "This client holds its share of the streams already.", responses.ClientFull, RETRY
    ),
    503: DocumentedResponse(
        "The limit on open streams is reached, or too many are opening.",
        responses.StreamsFull,
        RETRY,
    ),
}
NO_STREAM = DocumentedResponse("There is such a stream. It may still be refused.")

UNCHANGED = {304: DocumentedResponse("The client has it already, by its `If-None-Match`.")}
FILE_RESPONSES = {
    200: DocumentedResponse("The file.", media=tuple(dict.fromkeys(TYPES.values()))),
    **UNCHANGED,
}
NO_FILE = {404: DocumentedResponse("No such file.", responses.Problem)}
FILE = Parameter("name", "path", "The name in the page.")
FILES = (
    (
        "/",
        "dashboard",
        "The dashboard",
        {308: DocumentedResponse("The path lacks its last slash.", headers=LOCATION)},
        (),
    ),
    ("/static/{name}", "file", "A file of the dashboard", NO_FILE, (FILE,)),
    (
        "/static/{version}/{name}",
        "versionedFile",
        "The same, to be cached for ever",
        NO_FILE,
        (
            Parameter(
                "version",
                "path",
                "A digest of all files. With another one, the response is not cached for ever.",
            ),
            FILE,
        ),
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
        "HEAD",
        "/api/v2/stream",
        "streamHead",
        "The headers of a stream. It opens none, takes no slot, and has no connection id",
        {200: NO_STREAM},
        uses_table=False,
    ),
    Operation(
        "HEAD",
        "/api/v2/configurations/{config_id}/stream",
        "streamConfigurationHead",
        "The same for a configuration's stream",
        {200: NO_STREAM, 401: UNAUTHORIZED, 404: NO_CONFIGURATION},
        (CONFIG_ID,),
        protected=True,
    ),
    Operation(
        "POST",
        "/api/v2/stream/connections/{connection_id}/close",
        "closeStream",
        "The client has left: its stream ends within one poll",
        {204: DocumentedResponse("Same response whether or not the stream exists.")},
        (
            Parameter(
                "connection_id",
                "path",
                "The stream's `X-Connection-Id`, or the `X-Connection-Key` that was sent.",
            ),
        ),
    ),
    Operation(
        "GET",
        "/api/v2/stream/status",
        "status",
        "How many streams are open",
        {200: DocumentedResponse("The current values.", responses.Status)},
    ),
    Operation(
        "GET",
        "/api/v2/metrics",
        "metrics",
        "The current metrics and the newest items, for clients that poll",
        {
            200: DocumentedResponse("The current values.", responses.MetricsAndItems),
            400: DocumentedResponse(
                "`ticker` is not as described. `detail` begins with it.", responses.Problem
            ),
        },
        (TICKER,),
    ),
    Operation(
        "GET",
        "/api/v2/tickers",
        "tickers",
        "The tickers with the most items, each with its last hours, and the topics",
        {200: DocumentedResponse("The values of `timestamp`.", responses.Tickers)},
    ),
    Operation(
        "POST",
        "/api/v2/auth/anonymous",
        "signIn",
        "Creates an anonymous session",
        {201: DocumentedResponse("The session, valid at once.", responses.AnonymousSession)},
    ),
    Operation(
        "DELETE",
        "/api/v2/auth/anonymous",
        "signOut",
        "Ends the token's session, and its streams within one poll",
        {204: DocumentedResponse("The session does not exist any more.")},
    ),
    Operation(
        "GET",
        "/api/v2/configurations",
        "listConfigurations",
        "Lists the user's own configurations",
        {200: DocumentedResponse("All of them.", responses.ConfigurationList), 401: UNAUTHORIZED},
        protected=True,
    ),
    Operation(
        "POST",
        "/api/v2/configurations",
        "createConfiguration",
        "Creates a configuration",
        {
            201: DocumentedResponse("Created.", responses.ConfigurationShown),
            401: UNAUTHORIZED,
            409: DocumentedResponse(
                "This user has reached the limit on configurations.", responses.Problem
            ),
        }
        | BAD_BODY,
        body=ConfigurationDraft,
        protected=True,
    ),
    Operation(
        "GET",
        "/api/v2/configurations/{config_id}",
        "readConfiguration",
        "Returns one configuration",
        {
            200: DocumentedResponse("The configuration.", responses.ConfigurationShown),
            401: UNAUTHORIZED,
            404: NO_CONFIGURATION,
        },
        (CONFIG_ID,),
        protected=True,
    ),
    Operation(
        "PUT",
        "/api/v2/configurations/{config_id}",
        "changeConfiguration",
        "Replaces name and tickers; open streams follow within one poll",
        {
            200: DocumentedResponse("The changed configuration.", responses.ConfigurationShown),
            401: UNAUTHORIZED,
            404: NO_CONFIGURATION,
        }
        | BAD_BODY,
        (CONFIG_ID,),
        body=ConfigurationDraft,
        protected=True,
    ),
    Operation(
        "DELETE",
        "/api/v2/configurations/{config_id}",
        "deleteConfiguration",
        "Deletes a configuration; its open streams end within one poll",
        {204: DocumentedResponse("Deleted."), 401: UNAUTHORIZED, 404: NO_CONFIGURATION},
        (CONFIG_ID,),
        protected=True,
    ),
    Operation(
        "GET",
        "/api/v2/openapi.json",
        "document",
        "This document",
        {200: DocumentedResponse("OpenAPI 3.1.", media=(JSON,))},
        uses_table=False,
    ),
    Operation(
        "GET",
        "/health",
        "health",
        "Does the table respond?",
        {
            200: DocumentedResponse("It does.", responses.Health),
            503: DocumentedResponse("It does not.", responses.Health),
        },
    ),
    *(
        Operation("GET", path, name, summary, FILE_RESPONSES | others, parameters, uses_table=False)
        for path, name, summary, others, parameters in FILES
    ),
)
