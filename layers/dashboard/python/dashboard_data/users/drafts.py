"""What may a client write into a configuration? The one module that needs pydantic."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from dashboard_data.users.names import PATTERN, problem_of

LONGEST_NAME = 100
MOST_TICKERS = 5

Symbol = Annotated[str, StringConstraints(pattern="^[A-Za-z]{1,5}$", to_upper=True)]


class SymbolObject(BaseModel):
    """The long form of a ticker, as older dashboards send it."""

    symbol: Symbol


def _each_once(tickers: list[str | SymbolObject]) -> list[str | SymbolObject]:
    return list(dict.fromkeys(map(_symbol, tickers)))


def _symbol(ticker: str | SymbolObject) -> str | SymbolObject:
    return ticker.symbol if isinstance(ticker, SymbolObject) else ticker


def _readable(name: str) -> str:
    if problem := problem_of(name):
        raise ValueError(problem)
    return name


class ConfigurationDraft(BaseModel):
    """A configuration as a client sends it.

    Tickers are kept in upper case, each once; other fields are ignored.
    """

    name: Annotated[
        str,
        AfterValidator(_readable),
        Field(json_schema_extra={"pattern": PATTERN}),
        StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME),
    ]
    tickers: Annotated[
        list[Symbol | SymbolObject],
        Field(min_length=1, max_length=MOST_TICKERS),
        AfterValidator(_each_once),
    ]

    @property
    def symbols(self) -> list[str]:
        """The tickers, of which validation has left the short form only."""
        return [str(ticker) for ticker in self.tickers]


def detail(error: ValidationError) -> str:
    """Describes the first error as `field: problem`, without the value that was sent."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field, *rest = first["loc"] or ("body",)
    if rest:
        return f"{field}[{rest[0]}]: must be 1 to 5 letters, or an object with such a symbol"
    problem = first["msg"].removeprefix("Value error, ")  # pydantic writes it before ours
    return f"{field}: {problem[0].lower()}{problem[1:]}"
