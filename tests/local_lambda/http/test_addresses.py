"""Tests on which addresses fronts listen, and which URLs lead to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.http import addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("::", "::"),
        ("[::1]", "::1"),
        ("192.168.1.5", "192.168.1.5"),
    ],
)
def test_an_address_is_taken_as_people_write_it(text, address):
    assert addresses.checked(text) == address


@pytest.mark.parametrize(
    "text", ["", "example.com", "192.168.1", "300.1.1.1", "*", "224.0.0.1", "255.255.255.255"]
)
def test_other_text_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"is not an IP address|many machines"):
        addresses.checked(text)


@given(st.text())
def test_any_text_is_an_address_or_a_sentence(text):
    try:
        address = addresses.checked(text)
    except ValueError as error:
        sentence = str(error)
    else:
        sentence = f"it is {addresses.origin(address, 80)}"
    assert " is " in sentence


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/"),
        ("0.0.0.0", "http://127.0.0.1:80/"),
        ("::", "http://[::1]:80/"),
        ("fe80::1", "http://[fe80::1]:80/"),
        ("192.0.2.7", "http://192.0.2.7:80/"),
    ],
)
def test_this_machine_reaches_a_listener_by_a_url(host, url):
    assert addresses.origin(host, 80) == url


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_network_does_not_reach_a_loopback_address(host):
    assert addresses.network_origin(host, 80) is None


def test_the_network_reaches_an_address_of_its_own():
    assert addresses.network_origin("192.0.2.7", 80) == "http://192.0.2.7:80/"


def test_all_addresses_are_reached_by_one_that_is_no_wildcard_or_by_none_without_a_network():
    url = addresses.network_origin("0.0.0.0", 80)
    assert url is None or not url.startswith(("http://127.", "http://0."))
