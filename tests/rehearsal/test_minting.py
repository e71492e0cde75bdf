"""Upload tokens are made for identity tokens as PyPI makes them, and refused in its words."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY

from pier import NOON, PUBLISHER, SENDER, Clock, Pier, pier
from seatrial.rehearsal.issuer import Issuer, Sender
from seatrial.rehearsal.minting import Minted

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.facts.publisher import Publisher

INDEX = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
NOBODY = (
    f"Invalid or non-existent authentication information. See https://{INDEX}/help/#invalid-auth for more information."
)
USED = Minted(code="invalid-reuse-token", description="invalid token: already used")
INVALID = Minted(code="invalid-token", description="malformed or invalid token")
NO_STRING = Minted(code="invalid-payload", description="Input should be a valid string")
MALFORMED = Minted(code="invalid-payload", description="malformed JWT")
UNKNOWN_ISSUER = Minted(code="invalid-payload", description="unknown trusted publishing issuer")
NOT_FOUND = Minted(
    code="invalid-publisher",
    description="valid token, but no corresponding publisher (Publisher with matching claims was not found)",
)


@pytest.fixture
def port(tmp_path: Path) -> Pier:
    return pier(tmp_path)


def identity(port: Pier, sender: Sender = SENDER, audience: str = "pypi") -> dict[str, str]:
    return {"token": port.index.issuer.token(sender, audience)}


def unsigned(claims: object) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def test_upload_token_is_good_for_fifteen_minutes(port: Pier) -> None:
    minted = port.index.mint.exchange(identity(port))
    assert minted.as_dict() == {"success": True, "token": minted.token, "expires": NOON + 900}
    port.clock.now = NOON + 899
    assert port.index.mint.refusal(minted.token) is None
    port.clock.now = NOON + 900
    assert port.index.mint.refusal(minted.token) == "Invalid API Token: token is expired"


def test_burnt_and_unknown_tokens_let_nobody_in(port: Pier) -> None:
    token = port.token()
    port.index.mint.burn({"token": token})
    assert [port.index.mint.refusal(one) for one in (token, "pypi-else", "")] == [NOBODY] * 3


def test_identity_token_is_good_for_one_upload_token(port: Pier) -> None:
    body = identity(port)
    assert port.index.mint.exchange(body).token
    assert port.index.mint.exchange(body) == USED


def test_identity_token_is_good_for_one_upload_token_for_all_who_ask_at_once(port: Pier) -> None:
    body = identity(port)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: port.index.mint.exchange(body), range(8)))
    assert sorted(answer.code for answer in answers) == ["", *["invalid-reuse-token"] * 7]


@pytest.mark.parametrize(
    "sender",
    [
        replace(PUBLISHER, owner="ecma"),
        replace(PUBLISHER, repository="seashore"),
        replace(PUBLISHER, workflow="publish.yml"),
        replace(PUBLISHER, environment=""),
        replace(PUBLISHER, environment="testpypi"),
    ],
    ids=str,
)
def test_job_of_another_publisher_is_told_so(port: Pier, sender: Publisher) -> None:
    assert port.index.mint.exchange(identity(port, replace(SENDER, publisher=sender))) == NOT_FOUND


def test_token_for_another_audience_or_of_another_time_is_invalid(port: Pier) -> None:
    late = identity(port)
    assert port.index.mint.exchange(identity(port, audience="testpypi")) == INVALID
    port.clock.now = NOON + 331
    assert port.index.mint.exchange(late) == INVALID
    port.clock.now = NOON + 330
    assert port.index.mint.exchange(late).token


def test_token_that_another_key_signed_is_invalid(port: Pier) -> None:
    forged = Issuer.make(Clock()).token(SENDER, "pypi")
    assert port.index.mint.exchange({"token": forged}) == INVALID


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (None, NO_STRING),
        ([], NO_STRING),
        *(({"token": token}, MALFORMED) for token in ("", "a.b.c", '"eyJ.eyJ.x"', "é.é.é", unsigned({}), unsigned(1))),
        ({"token": unsigned({"iss": 7})}, MALFORMED),
        ({"token": unsigned({"iss": "https://gitlab.example.invalid"})}, UNKNOWN_ISSUER),
        ({"token": unsigned({"iss": "https://token.actions.githubusercontent.com"})}, INVALID),
    ],
)
def test_what_is_no_token_is_told_so(port: Pier, body: object, answer: Minted) -> None:
    assert port.index.mint.exchange(body) == answer
    assert answer.as_dict() == {
        "message": "Token request failed",
        "errors": [{"code": answer.code, "description": answer.description}],
    }


def test_whoever_knows_the_secret_of_the_job_gets_its_claims(port: Pier) -> None:
    port.index.sender = SENDER
    headers = {"Authorization": f"Bearer {port.index.issuer.bearer}"}
    told = port.client.get("/_/identity?api-version=2.0&audience=pypi", headers=headers).get_json()
    claims = port.index.issuer.read(told["value"], "pypi")
    assert claims is not None
    assert len(claims.pop("jti")) == 32
    assert claims == {
        "sub": "repo:acme/tidepool:environment:pypi",
        "repository": "acme/tidepool",
        "repository_owner": "acme",
        "repository_owner_id": "1",
        "job_workflow_ref": "acme/tidepool/.github/workflows/release.yml@refs/tags/v1.2.3",
        "event_name": "push",
        "ref": "refs/tags/v1.2.3",
        "sha": "c0ffee",
        "environment": "pypi",
        "iat": NOON,
        "nbf": NOON,
        "exp": NOON + 300,
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "pypi",
    }


@pytest.mark.parametrize("headers", [{}, {"Authorization": "bearer guessed"}, {"Authorization": "Basic x"}])
def test_nobody_else_gets_an_identity_token(port: Pier, headers: dict[str, str]) -> None:
    port.index.sender = SENDER
    answer = port.client.get("/_/identity?audience=pypi", headers=headers)
    assert (answer.status_code, answer.get_json()) == (401, {"message": "Bad credentials"})
