"""A scripted server with sessions and configurations, each call of which a test can refuse."""

import json
from urllib.parse import parse_qs, urlsplit

from tests.dashboard.scripted import METRICS, Refusal, Scripted, item, utc
from tests.support.waiting import eventually

COLLECTION = "/api/v2/configurations"
SESSION = "/api/v2/auth/anonymous"
JSON = {"Content-Type": "application/json"}


class ScriptedPanel(Scripted):
    """`refusals` maps `(method, path)` to what such a call gets, `refuse_streams` what boards
    get instead of a stream, `nonsense` the body of what should be a success. `held`
    are the threading.Events that calls wait for.

    `recent` holds the newest items of each ticker; `calls` holds method, path and body of each
    call that is not a `GET`.
    """

    def __init__(self):
        super().__init__()
        self.token = None
        self.sessions = 0
        self.configurations = {}
        self.refusals = {}
        self.refuse_streams = None
        self.nonsense = {}
        self.held = {}
        self.recent = {}
        self.calls = []

    def add(self, name, *tickers):
        """Adds a configuration, as another client would."""
        config_id = f"c{len(self.configurations)}"
        self.configurations[config_id] = {
            "config_id": config_id,
            "name": name,
            "tickers": list(tickers),
            "created_at": utc(),
        }
        return config_id

    def listed(self):
        return [*self.configurations.values()]

    def of(self, config_id, count=1):
        """Waits until so many streams of this configuration were opened; returns the last one."""

        def opened():
            path = f"{COLLECTION}/{config_id}/stream"
            found = [each for each in list(self.streams) if each.path == path]
            return found[count - 1] if len(found) >= count else None

        return eventually(opened)

    def respond(self, handler):
        path, query = urlsplit(handler.path).path, urlsplit(handler.path).query
        asks_for_tickers = path == "/api/v2/metrics" and query
        if not path.startswith(COLLECTION) and not asks_for_tickers:
            return super().respond(handler)
        if refusal := self.refusals.get(("GET", path)):
            return self._refuse(handler, refusal)
        if path == "/api/v2/metrics":
            tickers = parse_qs(query)["ticker"]
            items = [each for ticker in tickers for each in self.recent.get(ticker, [])]
            return self._say(handler, 200, METRICS | {"timestamp": utc(), "recent_items": items})
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            return self._refuse(handler, Refusal(401))
        if path == COLLECTION:
            return self._say(handler, 200, {"configurations": self.listed()})
        if self.refuse_streams:
            return self._refuse(handler, self.refuse_streams)
        if path.removeprefix(f"{COLLECTION}/").removesuffix("/stream") in self.configurations:
            return self.stream(handler)
        return self._refuse(handler, Refusal(404))

    def respond_to_call(self, handler, body):
        method, path = handler.command, handler.path
        if not path.startswith((COLLECTION, SESSION)):
            return super().respond_to_call(handler, body)
        self.calls.append((method, path, json.loads(body or "null")))
        if held := self.held.get((method, path)):
            held.wait(timeout=20)
        if refusal := self.refusals.get((method, path)):
            return self._refuse(handler, refusal)
        if path == SESSION:
            return self._session(handler, method)
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            return self._refuse(handler, Refusal(401))
        return self._configuration(handler, method, path, json.loads(body or "null"))

    def _session(self, handler, method):
        self.sessions += method == "POST"
        self.token = f"token-{self.sessions}" if method == "POST" else None
        return self._say(handler, 201, {"token": self.token})

    def _configuration(self, handler, method, path, draft):
        config_id = path.removeprefix(f"{COLLECTION}/")
        if method == "POST":
            config_id = self.add(draft["name"], *draft["tickers"])
        if config_id not in self.configurations:
            return self._refuse(handler, Refusal(404))
        if method == "DELETE":
            self.configurations.pop(config_id)
            return self.send(handler, 204, {}, b"")
        self.configurations[config_id] |= draft
        return self._say(handler, 201, self.configurations[config_id])

    def _refuse(self, handler, refusal):
        if refusal.status == 0:  # no response at all
            handler.close_connection = True
            return
        body = json.dumps({"detail": refusal.detail}).encode()
        self.send(handler, refusal.status, JSON | refusal.headers, body)

    def _say(self, handler, status, body):
        body = self.nonsense.get((handler.command, urlsplit(handler.path).path), body)
        self.send(handler, status, JSON, json.dumps(body).encode())


def items_of(ticker, count=20, prefix=""):
    """Returns that many items, newest first."""
    return [
        item(
            f"{prefix}{ticker}-{number}",
            ticker=ticker,
            tags=[ticker],
            timestamp=utc(minutes=number),
        )
        for number in range(count)
    ]
