"""Tests `--host`: who reaches the fronts, what is said about it, and which URLs are printed."""

import socket
from urllib.parse import urlsplit

import pytest
import requests

from local_lambda import Emulator, EmulatorFailed
from local_lambda.command import parser
from local_lambda.http import addresses

pytestmark = [pytest.mark.e2e, pytest.mark.once]

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  NetworkFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: network_function.handler
      Runtime: python3.13
      FunctionUrlConfig: {AuthType: NONE}
      Environment: {Variables: {OWN_URL: !GetAtt NetworkFunctionUrl.FunctionUrl}}
"""
CODE = """
import os

def handler(event, context):
    return {"url": os.environ["OWN_URL"], "host": event["requestContext"]["domainName"]}
"""


@pytest.fixture
def template(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code/network_function.py").write_text(CODE)
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def listens(host, port):
    with socket.socket() as client:
        return client.connect_ex((host, port)) == 0


def test_with_all_addresses_the_network_reaches_functions_but_not_the_admin_address(template):
    with Emulator(template, "--host", "0.0.0.0") as emulator:
        assert urlsplit(emulator.url("network")).hostname == "127.0.0.1"
        assert emulator.log.count("everybody in the network can call the functions") == 1
        if addresses.network_origin("0.0.0.0", 80) is None:
            pytest.skip("this machine has no network")
        url = emulator.addresses["network_url_lan"]
        there = urlsplit(url)
        assert urlsplit(emulator.addresses["dashboard_lan"]).hostname == there.hostname
        assert requests.get(url, timeout=10).json() == {"url": url, "host": there.netloc}
        assert not listens(there.hostname, urlsplit(emulator.admin_url).port)


def test_nothing_is_said_of_the_network_on_this_machine_alone(emulator):
    assert "network.open" not in emulator.log
    assert not [name for name in emulator.addresses if name.endswith("_lan")]


def test_an_address_of_another_machine_is_a_sentence(template):
    emulator = Emulator(template, "--host", "198.51.100.7")
    sentence = "198.51.100.7 is not an address of this machine; choose another with --host"
    with pytest.raises(EmulatorFailed, match=sentence) as failure:
        emulator.start()
    assert "Traceback" not in str(failure.value)


def test_text_that_is_no_address_is_a_sentence(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["--host", "example.com"])
    assert "'example.com' is not an IP address; 0.0.0.0 means all" in capsys.readouterr().err
