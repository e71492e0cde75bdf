"""Texts that are too deep, not encodable, or lead nowhere end in an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from seatrial.ci.publisher import Publisher
from seatrial.rehearsal.network import open_network

if TYPE_CHECKING:
    from pathlib import Path


DEEP, SURROGATE = b"[" * 100_000, b'{"token": "\\ud800.x.y"}'


@pytest.mark.parametrize("body", [DEEP, SURROGATE], ids=["deep", "lone surrogate"])
def test_request_for_a_token_that_is_no_text_is_refused_without_a_fault(tmp_path: Path, body: bytes) -> None:
    publisher = Publisher("tides", "tidepool", "release.yml")
    with open_network(tmp_path / "index", publisher, "tidepool") as network, requests.Session() as session:
        session.trust_env = False
        answers = [
            session.post(f"{network.home_url}_/oidc/{name}-token", data=body, timeout=20) for name in ("mint", "burn")
        ]
    assert [answer.status_code for answer in answers] == [422, 202]
