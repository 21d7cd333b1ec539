"""What the API answers with, for the document that describes it. The routes themselves need none of this."""

from typing import Literal

from dashboard_http.events import Metrics, NewItem
from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """What is wrong; for bad input it begins with the name of the field."""

    detail: str


class StreamsFull(Problem):
    """As many streams are open as may be, or too many are opening at once. Nobody is evicted."""

    max_connections: int
    retry_after: int = Field(description="Seconds.")


class ClientFull(Problem):
    """This client holds its share of the streams already."""

    retry_after: int = Field(description="Seconds.")


class Health(Answer):
    status: Literal["healthy", "unhealthy"]
    table: str = Field(description="`ok`, or the kind of error.")
    timestamp: str


class Status(Answer):
    connections: int = Field(ge=0, description="Open streams across the whole system.")
    max_connections: int
    available: int = Field(ge=0)
    uptime_seconds: float = Field(ge=0, description="Of the execution environment that answers.")


class MetricsAndItems(Metrics):
    """What a `metrics` event carries, and the newest items: for dashboards that poll."""

    recent_items: list[NewItem] = Field(max_length=20, description="Newest first.")
    items_by_minute: list[int] = Field(
        min_length=60, max_length=60, description="Of the last 60 minutes, the current one last."
    )


class AnonymousSession(Answer):
    token: str = Field(description="For `Authorization: Bearer`; shown this once.")
    user_id: str
    expires_at: str


class ConfigurationShown(Answer):
    config_id: str
    name: str
    tickers: list[str] = Field(min_length=1, max_length=5)
    created_at: str
    updated_at: str


class ConfigurationList(Answer):
    configurations: list[ConfigurationShown] = Field(description="One's own, oldest first.")
