"""Tests whose requests the admin address accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.admin.guard import refusal

HOST = ("Host", "127.0.0.1:9000")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:9000", "localhost:1", "LOCALHOST", "a.localhost:9000", "[::1]:9000", "127.9.9.9"],
)
def test_a_client_on_this_machine_may_do_everything(host):
    assert refusal("POST", (("host", host),)) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:9000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "",
        "127.0.0.1:9000@evil.example",
        "evil.example#127.0.0.1",
        "[::1",
        "2130706433",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_leads_here_from_elsewhere_is_refused(host, method):
    assert "is not loopback" in refusal(method, (("Host", host),))


def test_a_request_with_no_host_or_two_is_refused():
    assert refusal("GET", ())
    assert refusal("GET", (HOST, HOST))


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:8000", "http://localhost:9000", ""]
)
def test_a_page_of_another_origin_may_change_nothing(origin):
    assert "may not use" in refusal("POST", (HOST, ("Origin", origin)))


def test_its_own_page_may():
    headers = (HOST, ("Origin", "http://127.0.0.1:9000"), ("Sec-Fetch-Site", "same-origin"))
    assert refusal("POST", headers) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_the_browser_calls_foreign_may_change_nothing(site):
    assert refusal("POST", (HOST, ("Sec-Fetch-Site", site)))


@given(st.text(alphabet=st.characters(max_codepoint=255)), st.sampled_from(["GET", "POST", "PUT"]))
def test_any_host_is_judged_without_an_error(host, method):
    reason = refusal(method, (("Host", host),))
    assert reason is None or isinstance(reason, str)


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_any_origin_is_judged_without_an_error(origin):
    reason = refusal("POST", (HOST, ("Origin", origin)))
    assert reason is None or isinstance(reason, str)
