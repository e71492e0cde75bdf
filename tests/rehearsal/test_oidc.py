"""Upload tokens are made for identity tokens as PyPI makes them, and refused in its words."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY

from index_client import IDENTITY, NOON, PUBLISHER, Clock, IndexClient, open_index_client
from seatrial.rehearsal.oidc import CiIdentity, ExchangeResult, TokenIssuer

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.ci.publisher import Publisher


INDEX = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
DENIED = (
    f"Invalid or non-existent authentication information. See https://{INDEX}/help/#invalid-auth for more information."
)
USED = ExchangeResult(code="invalid-reuse-token", description="invalid token: already used")
INVALID = ExchangeResult(code="invalid-token", description="malformed or invalid token")
NO_STRING = ExchangeResult(code="invalid-payload", description="Input should be a valid string")
MALFORMED = ExchangeResult(code="invalid-payload", description="malformed JWT")
UNKNOWN_ISSUER = ExchangeResult(code="invalid-payload", description="unknown trusted publishing issuer")
NOT_FOUND = ExchangeResult(
    code="invalid-publisher",
    description="valid token, but no corresponding publisher (Publisher with matching claims was not found)",
)


@pytest.fixture
def client(tmp_path: Path) -> IndexClient:
    return open_index_client(tmp_path)


def identity(client: IndexClient, ci_identity: CiIdentity = IDENTITY, audience: str = "pypi") -> dict[str, str]:
    return {"token": client.index.issuer.token(ci_identity, audience)}


def unsigned(claims: object) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def test_upload_token_is_good_for_fifteen_minutes(client: IndexClient) -> None:
    minted = client.index.token_exchange.exchange(identity(client))
    assert minted.as_dict() == {"success": True, "token": minted.token, "expires": NOON + 900}
    client.clock.now = NOON + 899
    assert client.index.token_exchange.refusal(minted.token) is None
    client.clock.now = NOON + 900
    assert client.index.token_exchange.refusal(minted.token) == "Invalid API Token: token is expired"


def test_used_and_unknown_tokens_are_refused(client: IndexClient) -> None:
    token = client.token()
    client.index.token_exchange.burn({"token": token})
    assert [client.index.token_exchange.refusal(invalid) for invalid in (token, "pypi-else", "")] == [DENIED] * 3


def test_identity_token_is_good_for_one_upload_token(client: IndexClient) -> None:
    body = identity(client)
    assert client.index.token_exchange.exchange(body).token
    assert client.index.token_exchange.exchange(body) == USED


def test_identity_token_is_good_for_one_upload_token_of_simultaneous_requests(client: IndexClient) -> None:
    body = identity(client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.index.token_exchange.exchange(body), range(8)))
    assert sorted(answer.code for answer in answers) == ["", *["invalid-reuse-token"] * 7]


@pytest.mark.parametrize(
    "publisher",
    [
        replace(PUBLISHER, owner="ecma"),
        replace(PUBLISHER, repository="seashore"),
        replace(PUBLISHER, workflow="publish.yml"),
        replace(PUBLISHER, environment=""),
        replace(PUBLISHER, environment="testpypi"),
    ],
    ids=str,
)
def test_job_of_another_publisher_is_refused(client: IndexClient, publisher: Publisher) -> None:
    assert client.index.token_exchange.exchange(identity(client, replace(IDENTITY, publisher=publisher))) == NOT_FOUND


def test_token_for_another_audience_or_of_another_time_is_invalid(client: IndexClient) -> None:
    late = identity(client)
    assert client.index.token_exchange.exchange(identity(client, audience="testpypi")) == INVALID
    client.clock.now = NOON + 331
    assert client.index.token_exchange.exchange(late) == INVALID
    client.clock.now = NOON + 330
    assert client.index.token_exchange.exchange(late).token


def test_token_that_another_key_signed_is_invalid(client: IndexClient) -> None:
    forged = TokenIssuer.make(Clock()).token(IDENTITY, "pypi")
    assert client.index.token_exchange.exchange({"token": forged}) == INVALID


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
def test_body_without_a_token_is_refused(client: IndexClient, body: object, answer: ExchangeResult) -> None:
    assert client.index.token_exchange.exchange(body) == answer
    assert answer.as_dict() == {
        "message": "Token request failed",
        "errors": [{"code": answer.code, "description": answer.description}],
    }


def test_secret_of_the_job_returns_its_claims(client: IndexClient) -> None:
    client.index.identity = IDENTITY
    headers = {"Authorization": f"Bearer {client.index.issuer.bearer}"}
    answer = client.client.get("/_/identity?api-version=2.0&audience=pypi", headers=headers).get_json()
    claims = client.index.issuer.read(answer["value"], "pypi")
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
def test_identity_token_needs_the_secret(client: IndexClient, headers: dict[str, str]) -> None:
    client.index.identity = IDENTITY
    answer = client.client.get("/_/identity?audience=pypi", headers=headers)
    assert (answer.status_code, answer.get_json()) == (401, {"message": "Bad credentials"})
