"""Attacks on the service from outside: what a visitor, a user or another page may try."""

import base64
import gzip
import json
import secrets

import pytest
from dashboard_http.openid import KeySet, Refused
from dashboard_http.requests import anonymous_client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.functions import CONFIGURATIONS, configuration_of

MANY = 2_000
# Everything that ends a line somewhere, and what begins a field of an event or a log record.
HOSTILE = st.text(
    alphabet=st.sampled_from('\r\n\0\x0b\x85\u2028"{}:,% data:id:\x1b[31mINFO'), min_size=1
)
FORGED = '\r\nX-Forged: yes\r\n\r\n{"level":"ERROR","message":"forged"}\ndata: forged\n\n'
PATHS = (
    ("GET", "/"),
    ("GET", "/static/live.js"),
    ("GET", "/static/0000000000000000/live.js"),
    ("GET", "/static/missing.js"),
    ("GET", "/health"),
    ("GET", "/api/v2/metrics"),
    ("GET", "/api/v2/tickers"),
    ("GET", "/api/v2/stream/status"),
    ("GET", "/api/v2/nothing"),
    ("POST", "/api/v2/auth/anonymous"),
    ("DELETE", "/api/v2/auth/anonymous"),
    ("GET", CONFIGURATIONS),
    ("POST", CONFIGURATIONS),
    ("GET", f"{CONFIGURATIONS}/unknown"),
    ("PUT", f"{CONFIGURATIONS}/unknown"),
    ("DELETE", f"{CONFIGURATIONS}/unknown"),
    ("POST", "/api/v2/stream/connections/some-connection-id/close"),
)
DRAFT = {"name": "mine", "tickers": ["AAPL"]}


def test_tokens_and_ids_are_too_many_to_guess(service):
    """Each has at least 96 random bits; a token has 256. None of many is like another."""
    tokens = [service.sessions.create_anonymous().token for _ in range(MANY // 10)]
    connections = [
        service.slots.take(anonymous_client(f"192.0.2.{number}", authenticated=False)).connection_id
        for number in range(MANY // 100)
    ]
    configurations = [configuration_of(service, str(n)).split("/")[-2] for n in range(MANY // 100)]

    for texts, least_bits in ((tokens, 256), (connections, 96), (configurations, 96)):
        assert len({text[:12] for text in texts}) == len(texts)
        assert all(len(text) * 6 >= least_bits for text in texts)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_anothers_configuration_and_none_have_one_response_at_the_same_cost(api, service, method):
    _, mine = service.sign_in()
    other, _ = service.sign_in()
    foreign = configuration_of(service, other.user_id).removesuffix("/stream")
    responses, costs = [], []
    for path in (foreign, f"{CONFIGURATIONS}/{secrets.token_urlsafe(12)}"):
        before = len(service.table.calls)
        responses.append(api(method, path, DRAFT, **mine))
        costs.append([call[0] for call in service.table.calls[before:]])

    first, second = responses
    assert (first.status, first.json()) == (404, {"detail": "Configuration not found"})
    assert (second.status, second.json(), second.headers) == (404, first.json(), first.headers)
    assert costs[0] == costs[1]
    assert costs[0]


def test_the_stream_of_anothers_configuration_looks_as_if_there_were_none(service):
    _, mine = service.sign_in()
    other, _ = service.sign_in()
    foreign = configuration_of(service, other.user_id)
    unknown = f"{CONFIGURATIONS}/{secrets.token_urlsafe(12)}/stream"
    first, second = (service.stream(path, **mine) for path in (foreign, unknown))

    assert first.status == second.status == 404
    assert first.json() == second.json()
    assert first.headers.keys() == second.headers.keys()


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_no_cache_keeps_what_is_not_a_versioned_file(api, service, method, path):
    _, mine = service.sign_in()
    for headers in ({}, mine):
        response = api(method, path, DRAFT, **headers)
        caching = response.headers["cache-control"]
        assert caching in ("no-cache", "no-store")
        if path.startswith(("/api", "/health")):
            assert caching == "no-store"


def test_a_stream_of_ones_own_is_kept_by_no_cache_and_the_global_one_is_asked_for_again(service):
    user, mine = service.sign_in()

    assert service.stream().headers["cache-control"] == "no-cache"
    own = service.stream(configuration_of(service, user.user_id), **mine)
    assert own.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["x-request-id", "user-agent", "origin", "last-event-id", "host"])
def test_what_a_request_says_splits_no_response_and_is_not_repeated(api, service, name):
    for method, path in (("GET", "/health"), ("GET", "/api/v2/nothing" + FORGED)):
        response = api(method, path, **{name: FORGED})
        text = json.dumps(response.headers) + str(response.body)
        assert "forged" not in text.lower()
    stream = service.stream(**{name: FORGED})
    stream.pull(2)
    assert b"forged" not in b"".join(stream.pieces)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(text=HOSTILE)
def test_no_text_of_a_request_reaches_the_log(service, caplog, text):
    """Records hold routes, statuses and hashes. So no line can be forged by what is sent."""
    marked = f"{text}forged-{text}"
    caplog.clear()
    headers = {"authorization": f"Bearer {marked}", "user-agent": marked, "x-user-id": marked}
    service.api("POST", CONFIGURATIONS, {"name": marked, "tickers": [marked]}, **headers)
    service.api("GET", f"/api/v2/{marked}", query={"last_event_id": marked}, **headers)
    service.stream(f"{CONFIGURATIONS}/{marked}/stream", **headers)

    assert caplog.records
    for record in caplog.records:
        assert "forged-" not in repr(vars(record))


def test_no_text_of_a_request_becomes_a_metric_or_a_dimension(service, emitted):
    stream = service.stream(**{"user-agent": "forged", "x-forwarded-for": "forged"})
    stream.pull(3)
    stream.body.close()
    service.api("GET", "/api/v2/metrics", query={"ticker": "forged"}, origin="forged")

    documents = emitted()
    assert documents
    assert "forged" not in json.dumps(documents)
    dimensions = {
        name
        for document in documents
        for metrics in document["_aws"]["CloudWatchMetrics"]
        for group in metrics["Dimensions"]
        for name in group
    }
    assert dimensions <= {"service", "reason", "kind", "stream"}


@pytest.mark.parametrize(
    "body",
    [
        "[" * 9_000,
        '{"a":' * 1_900,
        '{"name": ' + "9" * 9_000 + "}",
        "[" * 4_999 + "]" * 4_999,
        '"' + "\\ud800" * 1_500 + '"',
        "\0" * 5_000,
    ],
    ids=["brackets", "braces", "digits", "deep", "surrogates", "zeros"],
)
def test_a_body_that_is_deep_or_odd_is_a_4xx_and_not_a_bug(api, service, body):
    _, mine = service.sign_in()

    assert api("POST", CONFIGURATIONS, body, **mine).status in (400, 422)


@pytest.mark.parametrize("size", [10_001, 1_000_000])
def test_a_large_body_is_refused_before_it_is_read(api, service, size):
    _, mine = service.sign_in()

    assert api("POST", CONFIGURATIONS, "[" * size, **mine).status == 413


def test_no_body_is_decompressed(api, service):
    """Ten kilobytes that would be ten megabytes are what they are: no JSON."""
    _, mine = service.sign_in()
    bomb = gzip.compress(b" " * 10_000_000)[:9_000].decode("latin-1")
    response = api("POST", CONFIGURATIONS, bomb, **mine, **{"content-encoding": "gzip"})

    assert response.status in (400, 422)


@pytest.mark.parametrize(
    "name",
    [
        "../handler.py",
        "..%2fhandler.py",
        "%2e%2e/handler.py",
        "..\\handler.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "live.js%00.html",
        "live.js/../../handler.py",
        ".",
        "..",
        "index.html.bak",
    ],
)
@pytest.mark.parametrize("folder", ["/static/", "/static/0000000000000000/", "/"])
def test_no_path_leads_out_of_the_files_of_the_page(api, folder, name):
    response = api("GET", folder + name)

    assert response.status == 404
    assert response.json() == {"detail": "Not found"}


def test_the_page_cannot_be_framed_and_runs_nothing_from_elsewhere():
    from api_function.page_routes import FILE_HEADERS, POLICY

    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))

    assert rules["frame-ancestors"] == rules["default-src"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == rules["style-src"] == "'self'"
    assert "unsafe" not in POLICY
    assert "*" not in POLICY
    assert FILE_HEADERS == {"Content-Security-Policy": "default-src 'none'"}


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "http://localhost/keys",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://issuer.example/keys",
        "//issuer.example/keys",
    ],
)
def test_an_issuer_sends_nobody_to_addresses_inside(clock, address):
    """Its document is trusted for keys, and not for choosing whom the function talks to."""
    issuer, asked = "https://issuer.example", []

    def fetch(url, _timeout_s):
        asked.append(url)
        return {"issuer": issuer, "jwks_uri": address, "keys": []}

    keys = KeySet(issuer, clock, fetch)

    with pytest.raises(Refused, match="keys-unreachable"):
        keys.key("some")
    assert asked == [f"{issuer}/.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "kid", ["../../keys", "http://evil.example/jwks", "' OR 1=1", "\0", "x" * 999]
)
def test_a_key_id_is_looked_up_and_never_an_address(clock, kid):
    asked = []

    def fetch(url, _timeout_s):
        asked.append(url)
        if url.endswith("configuration"):
            return {"issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks"}
        return {"keys": []}

    with pytest.raises(Refused, match="unknown-key"):
        KeySet("https://issuer.example", clock, fetch).key(kid)
    assert set(asked) == {
        "https://issuer.example/.well-known/openid-configuration",
        "https://issuer.example/jwks",
    }


def test_the_secret_that_signs_positions_leaves_through_no_response(service, publish, make_item):
    """It lies in the table alone. With it, positions could be made up."""
    publish(make_item())
    stream = service.stream()
    stream.pull(4)
    head = service.feed.head()
    secret = head.secret
    said = b"".join(stream.pieces) + json.dumps(stream.headers).encode()
    for path in ("/health", "/api/v2/metrics", "/api/v2/stream/status", "/api/v2/tickers"):
        said += str(service.api("GET", path).body).encode()

    assert len(secret) == 32
    for form in (secret, base64.b64encode(secret), secret.hex().encode(), repr(secret).encode()):
        assert form not in said
    assert secret.hex() not in repr(service.settings)
