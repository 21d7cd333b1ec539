"""Tests the admin page in a browser: what it shows live, and what its buttons do."""

from pathlib import Path

import axe_core_python
import pytest
import requests
from selenium.webdriver.support.ui import Select

from local_lambda import Emulator
from tests.local_lambda.admin.page import Page
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.once]
RUN_AXE = """
const done = arguments[0];
axe.run().then(({ violations, passes }) => done({
  violations: violations.map(({ id, nodes }) => [id, ...nodes.map((each) => each.html)]),
  looked_at: passes.reduce((sum, { nodes }) => sum + nodes.length, 0),
}));"""
MARKUP = "<img src=x onerror=\"document.title='broken'\"><b class=injected>x</b>"
TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  HostileFunction:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: '{MARKUP.replace("'", "''")}'
      CodeUri: code
      Handler: hostile_function.handler
      Runtime: python3.13
"""
CODE = """
def handler(event, context):
    print(event["text"], flush=True)
    if event.get("fails"):
        raise ValueError(event["text"])
    return {"text": event["text"], "number": 12345678901234567890}
"""


@pytest.fixture
def page(driver, emulator):
    opened = Page(driver, emulator.admin_url)
    yield opened
    assert opened.errors() == []
    driver.get("about:blank")


def test_functions_are_listed_with_their_routes(page):
    page.shows("#functions", "StockFunction")
    shown = page.text_of("#functions")
    assert "python3.13 · stock_function.handler · 256 MB · 10 s" in shown
    assert "/items/{id} REST API ServerlessRestApi" in shown
    page.shows("#findings-title", "Not as on AWS")


def test_an_invocation_and_its_environment_appear_without_a_reload(page, emulator):
    result = requests.post(
        emulator.admin_url + "2015-03-31/functions/StockFunction/invocations", json={}, timeout=20
    )
    page.shows("#invocations", result.headers["x-amzn-RequestId"])
    page.shows("#functions", "frozen")


def test_a_functions_pieces_are_shown_as_they_come(page, emulator):
    for entry in emulator.gate.iterdir():
        entry.unlink()
    page.invoke("RawFunction", '{"do": "paced", "n": 2}')
    page.shows("#result-prelude summary", "Status 200")
    assert "piece 0" not in page.text_of("#result-body")
    (emulator.gate / "0").touch()
    page.shows("#result-body", "piece 0")
    assert "piece 1" not in page.text_of("#result-body")
    page.shows("#requests-title", "Open requests")
    (emulator.gate / "1").touch()
    page.shows("#result-state", "complete · 2 pieces")
    page.shows("#result-log pre", "REPORT RequestId")


def test_an_open_request_is_shown_with_its_bytes_and_can_be_cut(page, emulator):
    for entry in emulator.gate.iterdir():
        entry.unlink()
    url = emulator.dashboard_url + "stream?do=paced&n=2"
    with requests.get(url, stream=True, timeout=10) as response:
        (emulator.gate / "0").touch()
        page.shows("#requests", "RawFunction · 8 B sent")
        page.click("Cut GET /stream?do=paced&n=2")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            response.content  # noqa: B018
    page.shows("#requests-empty", "No request is open.")


def test_an_environment_can_be_killed(page, emulator):
    emulator.invoke("StockFunction", {})
    (environment, *_) = emulator.environments("StockFunction")
    page.click(f"Kill StockFunction {environment['pid']}")
    page.shows("#notice", f"{environment['pid']} is killed.")
    emulator.wait_for(lambda: environment["pid"] not in [e["pid"] for e in emulator.environments()])


def test_a_function_can_be_throttled_and_let_go(page, emulator):
    page.click("Throttle StockFunction")
    page.shows("#faults", "throttled")
    try:
        assert emulator.invoke("StockFunction", {}).status == 429
        page.invoke("StockFunction", "{}")
        page.shows("#result-state", "throttled")
        assert "429" in "".join(page.errors())  # the browser's own line, and no error of the page
        page.click("Throttle StockFunction")
        eventually(lambda: emulator.invoke("StockFunction", {}).status == 200)
    finally:
        emulator.throttle("StockFunction", None)


def test_a_fault_is_injected_and_lifted_by_keyboard_alone(page, emulator, driver):
    element = driver.find_element("id", "fault-path")
    element.clear()
    element.send_keys("/items/blocked\n")
    page.shows("#faults", "/items/blocked")
    try:
        url = emulator.dashboard_url + "items/blocked"
        assert requests.get(url, timeout=10).status_code == 503
        lift = driver.find_element("css selector", "#faults button")
        lift.send_keys("\n")
        eventually(lambda: requests.get(url, timeout=10).status_code == 200)
    finally:
        emulator.unblock("/items/blocked")


def test_a_payload_that_is_not_json_is_said_and_not_sent(page, emulator):
    before = len(emulator.invocations())
    page.invoke("StockFunction", "{no")
    page.shows("#invoke-problem", "The payload is not JSON")
    assert len(emulator.invocations()) == before


def test_examples_are_those_of_the_chosen_function(page, driver):
    page.shows("#functions", "StockFunction")
    for function, name in (("StockFunction", "ANY /items/fixed"), ("RawFunction", "sqs")):
        Select(driver.find_element("id", "invoke-function")).select_by_value(function)
        example = Select(driver.find_element("id", "invoke-example"))
        eventually(lambda example=example, name=name: name in [o.text for o in example.options])
        example.select_by_visible_text(name)
        payload = page.run("return document.getElementById('invoke-payload').value")
        assert ("Records" in payload) == (function == "RawFunction")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, driver, emulator, scheme):
    emulator.invoke("StockFunction", {})
    emulator.block("/items/blocked")
    emulator.throttle("QuickFunction")
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        page.invoke("StockFunction", '{"do": "raise"}')
        page.shows("#result-log pre", "ValueError")
        page.shows("#faults", "throttled")
        page.run("document.querySelector('details').open = true")
        page.run((Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8"))
        found = driver.execute_async_script(RUN_AXE)
        assert found["violations"] == []
        assert found["looked_at"] > 50
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        emulator.unblock("/items/blocked")
        emulator.throttle("QuickFunction", None)


def test_the_page_fits_a_phone(page, driver):
    metrics = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page.shows("#functions", "StockFunction")
        assert page.run("return document.documentElement.scrollWidth") == 390
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_markup_in_names_logs_results_errors_and_paths_is_text(driver, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code/hostile_function.py").write_text(CODE)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    with Emulator(tmp_path / "template.yaml") as emulator:
        page = Page(driver, emulator.admin_url)
        emulator.block(f"/{MARKUP}")
        page.shows("#faults", MARKUP)
        page.shows("#functions", MARKUP)
        for fields in ({"fails": 1}, {"fails": 0}):
            page.invoke("HostileFunction", str({**fields, "text": "@"}).replace("'", '"'))
            page.shows("#result-state", "billed")
            page.shows("#result-log pre", "@")
        payload = page.run("return JSON.stringify({text: arguments[0]})", MARKUP)
        page.invoke("HostileFunction", payload)
        page.shows("#result-log pre", MARKUP)
        page.shows("#result-body", "injected")
        page.shows("#result-body", "12345678901234567890")
        page.invoke("HostileFunction", payload.replace("{", '{"fails": 1, '))
        page.shows("#result-body", f"ValueError: {MARKUP}")
        assert page.run("return document.querySelectorAll('.injected, main img').length") == 0
        assert page.run("return document.title") == "local-lambda"
        assert page.errors() == []
        driver.get("about:blank")
