"""Which events may leave through a stream? These, with these fields, and nothing else.

docs/contract.md has the same table. The models are an allow-list: a field that is not here cannot
be sent, whatever the table holds.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class StreamEvent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewItem(StreamEvent):
    """Sent once for each newly analysed item."""

    item_id: str
    ticker: str
    tags: list[str]
    sentiment: Literal["positive", "neutral", "negative"]
    score: float = Field(ge=0, le=1)
    timestamp: str
    source_id: str = Field(
        description="The same as item_id: older dashboards key their list by it."
    )


class Minutes(StreamEvent):
    """Four lists of one length: the items of the last minutes, by sentiment, and their scores.

    The last entry is the minute of `timestamp`, the one before it the minute before. A minute that
    is not known is null in all four.
    """

    positive: list[int | None] = Field(min_length=1, max_length=60)
    neutral: list[int | None] = Field(min_length=1, max_length=60)
    negative: list[int | None] = Field(min_length=1, max_length=60)
    score_sum: list[float | None] = Field(
        min_length=1,
        max_length=60,
        description="The sum of the scores, each rounded to 6 decimals.",
    )


class Metrics(StreamEvent):
    """Sent on connect, on change, and at least every 60 s.

    `total`, the sentiments, `by_tag` and `rate_last_24h` cover the clock hour (UTC) of `timestamp`
    and the 23 before it. Items dated later in that hour are among them.
    """

    total: int
    positive: int
    neutral: int
    negative: int
    by_tag: dict[str, int] = Field(
        description="The 50 most frequent tags; the rest is summed under `(other)`."
    )
    rate_last_hour: int = Field(
        description="Items in the minute of `timestamp` and the 59 before it."
    )
    rate_last_24h: int = Field(description="The same as `total`.")
    minutes: Minutes = Field(
        description=(
            "The last minutes apart. A response has 60. An event on a change has those from the "
            "oldest one that changed since the event before: they replace what was known of them, "
            "and older ones have not changed."
        )
    )
    timestamp: str


class Heartbeat(StreamEvent):
    """Sent on connect and at most 15 s after the last event."""

    timestamp: str
    connections: int = Field(description="Open streams across the whole system.")


class Reset(StreamEvent):
    """The client's position is unknown or too old: the stream starts from the current state."""

    reason: str
    timestamp: str


class Failure(StreamEvent):
    """The stream failed and ends; the client comes back with the id it has.

    Not called `error`: an `EventSource` dispatches an event of its own by that name.
    """

    detail: str


EVENT_TYPES: dict[type[StreamEvent], str] = {
    NewItem: "new_item",
    Metrics: "metrics",
    Heartbeat: "heartbeat",
    Reset: "reset",
    Failure: "failure",
}
