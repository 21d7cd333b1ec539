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


class Ticker(ResponseBody):
    """One ticker. Its counts by sentiment cover the clock hour of `timestamp` and the 23 before."""

    ticker: str
    total: int = Field(ge=0)
    positive: int = Field(ge=0)
    neutral: int = Field(ge=0)
    negative: int = Field(ge=0)
    items_by_minute: list[int] = Field(
        min_length=60,
        max_length=60,
        description="Items in each of the last 60 minutes, the current one last.",
    )
    last_hour: int = Field(ge=0, description="Items in these 60 minutes.")
    hour_before: int = Field(ge=0, description="Items in the 60 minutes before those.")


class OtherTickers(ResponseBody):
    total: int = Field(ge=0)


class Tickers(ResponseBody):
    """The items of the last 24 clock hours by ticker, and by topic."""

    timestamp: str = Field(description="The moment of these values: some seconds ago at most.")
    tickers: list[Ticker] = Field(
        max_length=20, description="Those with the most items, then by name."
    )
    others: OtherTickers = Field(description="All other tickers together.")
    topics: dict[str, int] = Field(
        description=(
            "The 50 most frequent tags, without an item's own ticker; the rest is summed under "
            "`(other)`."
        )
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
