"""A browser asks for few files, because each request is an invocation."""

import pytest
import requests

from tests.support.waiting import eventually

FETCHED = """
return performance.getEntriesByType("resource")
  .filter(({ initiatorType }) => initiatorType !== "fetch")
  .map(({ name, transferSize }) => [new URL(name).pathname.split("/").at(-1), transferSize > 0]);"""


def test_a_page_is_three_requests_and_once_more_is_one(dashboard, service):
    page = dashboard(service.base_url)
    page.wait_for(state="live", within_s=30)
    assert {name for name, _ in page.run(FETCHED)} == {"live.css", "live.js"}
    page.driver.get(service.base_url)
    page.wait_for(state="live")

    assert [name for name, asked in page.run(FETCHED) if asked] == []
    assert page.complaints() == []


@pytest.mark.parametrize("place", ["dev", "dash"])
def test_a_stage_or_a_base_path_without_its_slash_leads_to_the_page(dashboard, service, place):
    page = dashboard(f"{service.base_url}/{place}")
    page.wait_for(state="live", within_s=30)

    assert page.run("return location.pathname") == f"/{place}/"
    assert page.complaints() == []


def test_below_a_base_path_the_document_the_calls_and_the_goodbye_work(dashboard, service):
    base = f"{service.base_url}/dash"
    page = dashboard(f"{base}/")
    page.wait_for(state="live", within_s=30)
    document = requests.get(f"{base}/api/v2/openapi.json", timeout=30).json()
    page.driver.get("about:blank")

    assert document["servers"] == [{"url": "/dash"}]
    assert requests.get(f"{base}//health/", timeout=30).status_code == 200
    eventually(lambda: open_streams(base) == 0, within_s=30)


def open_streams(base):
    return requests.get(f"{base}/api/v2/stream/status", timeout=30).json()["connections"]


def test_head_is_answered_on_the_wire(service):
    head, get = (
        requests.request(method, service.base_url, timeout=30) for method in ("HEAD", "GET")
    )

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]
