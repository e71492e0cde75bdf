"""Addresses with user and password, as they are shown and as they can be typed."""

from __future__ import annotations

import pytest

from seatrial.redaction import redacted_address, without_credentials

PLAIN = ("testpypi", "https://index.example:8080/a@b", "http://127.0.0.1:9/simple/")


@pytest.mark.parametrize("who", ["user:password", "token", "user:pass/word", "user:pass#word", "user:pass word"])
def test_address_is_shown_and_typed_without_what_stands_before_its_host(who: str) -> None:
    address = f"https://{who}@index.example/simple/"
    assert redacted_address(address) == "https://***@index.example/simple/"
    assert without_credentials(address) == "https://index.example/simple/"


@pytest.mark.parametrize("address", PLAIN)
def test_address_without_credentials_stays_as_it_is(address: str) -> None:
    assert (redacted_address(address), without_credentials(address)) == (address, address)
