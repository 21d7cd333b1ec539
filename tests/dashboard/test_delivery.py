"""A browser asks for few files, because each request is an invocation."""

import requests

FETCHED = """
return performance.getEntriesByType("resource")
  .filter(({ initiatorType }) => initiatorType !== "fetch")
  .map(({ name, transferSize }) => [new URL(name).pathname.split("/").at(-1), transferSize > 0]);"""


def test_a_page_is_four_requests_and_once_more_is_one(dashboard, service):
    page = dashboard(service.base_url)
    page.wait_for(state="live", within_s=30)
    # The page's own entries do not show how often the icon is fetched.
    assert {name for name, _ in page.run(FETCHED)} == {"live.css", "live.js", "mark.svg"}
    page.driver.get(service.base_url)
    page.wait_for(state="live")

    assert [name for name, asked in page.run(FETCHED) if asked] == []
    assert page.complaints() == []


def test_a_stage_without_its_slash_leads_to_the_page(dashboard, service):
    page = dashboard(f"{service.base_url}/dev")
    page.wait_for(state="live", within_s=30)

    assert page.run("return location.pathname") == "/dev/"
    assert page.complaints() == []


def test_head_is_answered_on_the_wire(service):
    head, get = (
        requests.request(method, service.base_url, timeout=30) for method in ("HEAD", "GET")
    )

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]
