"""Proxies that nobody here wrote, in front of the service, and tabs of a browser behind them."""

import subprocess
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from local_lambda import Emulator
from tests.support import tools
from tests.support.paths import ROOT
from tests.support.service import Client, Service
from tests.support.waiting import eventually
from tests.system.clients.browser import chromium_at
from tests.system.clients.proxies import haproxy_before, nginx_before

pytestmark = pytest.mark.e2e
ADDRESS_HEADER = "X-Client-Address"
SECRET = "a-secret-of-some-length"
TABS = 8
OPEN_ONE_IN_EACH_TAB = """
window.tabs = [];
for (let number = 0; number < arguments[0]; number += 1) {
  tabs.push(new EventSource("/api/v2/stream"));
}
"""
OPEN_TABS = "return tabs.filter((tab) => tab.readyState === EventSource.OPEN).length"
CLOSE_ONE = "tabs.find((tab) => tab.readyState === EventSource.OPEN).close()"


@pytest.fixture(scope="module")
def service():
    with Emulator(ROOT / "template.yaml", parameters={"ClientConnections": "100"}) as emulator:
        addresses = (emulator.dashboard_url, emulator.url("stream"), emulator.table)
        yield Service(*addresses, emulator.dynamodb_url, emulator)


@pytest.fixture
def nginx(service, tmp_path):
    with nginx_before(service.base_url, tmp_path, tools.nginx()) as url:
        yield url


@pytest.fixture
def nginx_behind_nginx(nginx, tmp_path):
    with nginx_before(nginx, tmp_path, tools.nginx()) as url:
        yield url


@pytest.fixture
def haproxy(service, tmp_path):
    with haproxy_before(service.base_url, tmp_path, tools.haproxy()) as url:
        yield url


@pytest.mark.parametrize("proxy", ["nginx", "nginx_behind_nginx", "haproxy"])
def test_events_come_through_a_proxy_as_they_happen(proxy, request, service):
    url = request.getfixturevalue(proxy)
    client = Client(f"{url}/api/v2/stream")
    client.wait_for("metrics", within_s=5)
    for _ in range(2):  # far less than any buffer holds
        written = service.put()
        eventually(lambda item_id=written: item_id in client.item_ids(), 5)

    client.close()


@pytest.fixture(scope="module")
def service_that_trusts_a_proxy():
    """Yields the service's address. Each client may have one stream."""
    trusted = {"ProxyAddressHeader": ADDRESS_HEADER, "ProxySecret": SECRET}
    parameters = {"ClientConnections": "1", **trusted}
    with Emulator(ROOT / "template.yaml", parameters=parameters) as emulator:
        yield emulator.dashboard_url


def status_for(address: str, proxy_url: str) -> int:
    """Returns what a viewer at this address gets, who leaves without a goodbye."""
    proxy = urlsplit(proxy_url)
    viewer = HTTPConnection(proxy.hostname, proxy.port, timeout=30, source_address=(address, 0))
    viewer.request("GET", "/api/v2/stream")
    status = viewer.getresponse().status
    viewer.close()
    return status


def test_viewers_behind_nginx_have_a_share_each(service_that_trusts_a_proxy, tmp_path):
    with nginx_before(service_that_trusts_a_proxy, tmp_path, tools.nginx(), secret=SECRET) as url:
        assert status_for("127.11.0.1", url) == 200
        assert status_for("127.11.0.1", url) == 429
        assert status_for("127.12.0.1", url) == 200


def test_viewers_behind_haproxy_have_a_share_each(service_that_trusts_a_proxy, tmp_path):
    with haproxy_before(
        service_that_trusts_a_proxy, tmp_path, tools.haproxy(), secret=SECRET
    ) as url:
        assert status_for("127.21.0.1", url) == 200
        assert status_for("127.21.0.1", url) == 429
        assert status_for("127.22.0.1", url) == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Returns the lines that make nginx speak TLS, with a certificate that nobody vouches for."""
    directory = tmp_path_factory.mktemp("certificate")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-keyout", f"{directory}/key", "-out", f"{directory}/crt"]
    subprocess.run(command, check=True, capture_output=True)
    return f"ssl_certificate {directory}/crt; ssl_certificate_key {directory}/key;"


@pytest.fixture(scope="module")
def browser():
    with chromium_at(*tools.chromium(), "--ignore-certificate-errors") as started:
        yield started


def test_over_http_1_the_seventh_tab_of_a_browser_waits_for_one_of_six(browser, nginx):
    browser.get(f"{nginx}/api/v2/stream/status")
    browser.execute_script(OPEN_ONE_IN_EACH_TAB, TABS)
    eventually(lambda: browser.execute_script(OPEN_TABS) == 6, 30)

    browser.execute_script(CLOSE_ONE)
    assert browser.execute_script(OPEN_TABS) == 5
    eventually(lambda: browser.execute_script(OPEN_TABS) == 6, 30)


def test_over_http_2_every_tab_of_a_browser_has_its_stream(browser, certificate, service, tmp_path):
    with nginx_before(
        service.base_url, tmp_path, tools.nginx(), options="ssl http2", more=certificate
    ) as url:
        browser.get(f"{url}/api/v2/stream/status")
        browser.execute_script(OPEN_ONE_IN_EACH_TAB, TABS)
        eventually(lambda: browser.execute_script(OPEN_TABS) == TABS, 30)
