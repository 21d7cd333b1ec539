"""Where is the stream, and how may its address be shown?"""

import ipaddress
from dataclasses import dataclass, replace
from urllib.parse import quote, urljoin, urlsplit


class BadUrlError(ValueError):
    """The text is no http or https URL that can be asked."""


@dataclass(frozen=True)
class Target:
    """An http or https URL, taken apart."""

    scheme: str
    host: str  # an IPv6 address without its brackets
    port: int
    path: str  # with the query, as it stands in the request line
    user_info: str = ""  # "user:password" of the URL, for Authorization: Basic

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port as one text."""
        return f"{self.scheme}://{self.authority}"

    @property
    def shown(self) -> str:
        """The URL without credentials, and with the values of its query hidden."""
        path, mark, query = self.path.partition("?")
        parts = [each.partition("=") for each in query.split("&") if each]
        # A part without a name may be a credential itself.
        hidden = "&".join(f"{name}=..." if equals else "..." for name, equals, _ in parts)
        return f"{self.origin}{path}{mark}{hidden}"

    def with_query(self, addition: str) -> "Target":
        """Returns this target with more in its query; `addition` is encoded already."""
        mark = "&" if "?" in self.path else "?"
        return replace(self, path=f"{self.path}{mark}{addition}")

    def at(self, path: str) -> "Target":
        """Returns this server at another path; it is encoded already."""
        return replace(self, path=path)

    def redirected(self, location: str) -> "Target":
        """Returns where a Location header leads. Raises BadUrlError."""
        return parse(urljoin(f"{self.origin}{self.path}", location))


def parse(url: str) -> Target:
    """Takes a URL apart. Raises BadUrlError with one line that says what is wrong with it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise BadUrlError(f"this is no URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise BadUrlError("the URL must begin with http:// or https://")
    if not host:
        raise BadUrlError("the URL names no host")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return Target(
        scheme=parts.scheme,
        host=_as_ascii(host),
        port=port or {"http": 80, "https": 443}[parts.scheme],
        path=path,
        user_info=parts.netloc.rpartition("@")[0],
    )


def _as_ascii(host: str) -> str:
    try:
        ipaddress.ip_address(host.partition("%")[0])
        return host
    except ValueError:
        pass
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadUrlError(f"the URL's host cannot be used: {error}") from None
