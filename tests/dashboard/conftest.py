"""Fixtures: one headless Chromium, the whole service, and a server that follows a test's script."""

import contextlib

import pytest
from selenium.common.exceptions import NoSuchWindowException

from local_lambda import Emulator
from tests.dashboard.dashboard import Dashboard
from tests.dashboard.fixed import FixedService
from tests.dashboard.scripted import Scripted
from tests.support.dynamodb_proxy import moto_behind_proxy
from tests.support.paths import ROOT
from tests.support.service import Service


@pytest.fixture
def dashboard(driver):
    """Opens dashboards, and closes them after the test."""
    opened = []

    def open_one(url, before="", **timings):
        opened.append(Dashboard(driver, url, before, **timings))
        return opened[-1]

    yield open_one
    for each in reversed(opened):  # the first one leads: closed last, it leaves no open stream
        with contextlib.suppress(NoSuchWindowException):
            each.close()


def _service(emulator):
    return Service(
        emulator.dashboard_url,
        emulator.url("stream"),
        emulator.table,
        emulator.dynamodb_url,
        emulator,
    )


@pytest.fixture(scope="session")
def running():
    options = ("--stage", "dev", "--base-path", "dash")
    limits = {"ClientConnections": "100"}
    with Emulator(ROOT / "template.yaml", *options, parameters=limits) as emulator:
        yield _service(emulator)


@pytest.fixture
def service(running):
    """Yields the whole service, and frees every slot after the test."""
    yield running
    running.say_goodbye_to_all()


@pytest.fixture(scope="session")
def small_service():
    """Yields a service with slots for two streams, of different clients."""
    limits = {"MaxConnections": "2", "ClientConnections": "1"}
    with Emulator(ROOT / "template.yaml", parameters=limits) as emulator:
        yield _service(emulator)


@pytest.fixture(scope="session")
def fragile():
    """Yields the whole service behind a table that can be taken away, and the proxy that does."""
    with moto_behind_proxy() as proxy:
        options = ("--dynamodb-endpoint", proxy.url)
        parameters = {"StreamLifeSeconds": "20", "ClientConnections": "100"}
        with Emulator(ROOT / "template.yaml", *options, parameters=parameters) as emulator:
            yield _service(emulator), proxy


@pytest.fixture
def scripted():
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def fixed_at(client, table, monkeypatch):
    """Returns a function that starts the real service at a moment, in epoch seconds."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "test")
    started = []

    def start(start_s):
        started.append(FixedService(client, table, start_s))
        return started[-1]

    yield start
    for each in started:
        each.close()
