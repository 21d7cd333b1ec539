"""Tests injected faults."""

import http.client

import pytest
import requests

from local_lambda.fronts.faults import Faults


def test_of_several_delays_the_longest_prefix_counts_until_it_is_lifted():
    faults = Faults()
    faults.delay("/", 10)
    faults.delay("/items", 500)
    faults.delay("/other", 900)
    assert faults.delay_ms_of("/items/1?a=b") == 500
    faults.delay("/items", 0)
    assert faults.delay_ms_of("/items/1") == 10
    assert Faults().delay_ms_of("/") == 0


@pytest.mark.e2e
def test_faults_can_be_injected(emulator):
    emulator.block("/items/blocked", 503)
    assert requests.get(emulator.dashboard_url + "items/blocked", timeout=5).status_code == 503
    emulator.block("/items/blocked", None)
    with pytest.raises(requests.ConnectionError):
        requests.get(emulator.dashboard_url + "items/blocked", timeout=5)
    emulator.unblock("/items/blocked")
    assert requests.get(emulator.dashboard_url + "items/blocked", timeout=5).status_code == 200


@pytest.mark.e2e
def test_an_open_connection_can_be_cut(emulator, gate, open_stream):
    connection, response = open_stream(emulator.dashboard_url, "/stream?do=paced&n=2")
    (gate / "0").touch()
    assert response.readline() == b"piece 0\n"
    assert emulator.cut("/stream") == 1
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        response.read()
    connection.close()
