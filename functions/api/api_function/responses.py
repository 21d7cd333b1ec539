"""The bodies of the API's responses, for the document that describes them.

The routes themselves need none of this.
"""

from typing import Literal

from dashboard_http.events import Metrics, NewItem
from pydantic import BaseModel, ConfigDict, Field


class ResponseBody(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(ResponseBody):
    """Says what is wrong. For bad input it begins with the name of the field."""

    detail: str


class StreamsFull(Problem):
    """The limit on open streams is reached, or too many are opening. No stream is evicted."""

    max_connections: int
    retry_after: int = Field(description="Seconds.")


class ClientFull(Problem):
    """This client holds its share of the streams already."""

    retry_after: int = Field(description="Seconds.")


class Health(ResponseBody):
    status: Literal["healthy", "unhealthy"]
    table: str = Field(description="`ok`, or the kind of error.")
    timestamp: str


class Status(ResponseBody):
    connections: int = Field(ge=0, description="Open streams across the whole system.")
    max_connections: int
    available: int = Field(ge=0)
    uptime_seconds: float = Field(
        ge=0, description="Uptime of the execution environment that responds."
    )


class MetricsAndItems(Metrics):
    """The data of a `metrics` event, and the newest items: for dashboards that poll."""

    recent_items: list[NewItem] = Field(max_length=20, description="Newest first.")
    items_by_minute: list[int] = Field(
        min_length=60,
        max_length=60,
        description="Items in each of the last 60 minutes, the current one last.",
    )


class AnonymousSession(ResponseBody):
    token: str = Field(description="For `Authorization: Bearer`; shown this once.")
    user_id: str
    expires_at: str


class ConfigurationShown(ResponseBody):
    config_id: str
    name: str
    tickers: list[str] = Field(min_length=1, max_length=5)
    created_at: str
    updated_at: str


class ConfigurationList(ResponseBody):
    configurations: list[ConfigurationShown] = Field(description="The user's own, oldest first.")
