"""Addresses with user and password, as they are shown and as they can be typed."""

from __future__ import annotations

import pytest

from matching_work import MOST_LOOKS, WorkCounter, work_of_masking
from seatrial.redaction import is_secret, redact, redacted_address, without_credentials

PLAIN = ("testpypi", "https://index.example:8080/a@b", "http://127.0.0.1:9/simple/")


@pytest.mark.parametrize("who", ["user:password", "token", "user:pass/word", "user:pass#word", "user:pass word"])
def test_address_is_shown_and_typed_without_what_stands_before_its_host(who: str) -> None:
    address = f"https://{who}@index.example/simple/"
    assert redacted_address(address) == "https://***@index.example/simple/"
    assert without_credentials(address) == "https://index.example/simple/"


@pytest.mark.parametrize("address", PLAIN)
def test_address_without_credentials_stays_as_it_is(address: str) -> None:
    assert (redacted_address(address), without_credentials(address)) == (address, address)


@pytest.mark.parametrize(
    "name",
    [
        *("PYPI_API_KEY", "pypi_token", "DEVPI_PASSWORD", "GH_TOKEN", "CI_JOB_TOKEN", "ACTIONS_RUNTIME_TOKEN"),
        *(
            "TWINE_USERNAME",
            "Uv_Publish_Token",
            "TESTPYPI_ID_TOKEN",
            "HATCH_INDEX_AUTH",
            "POETRY_HTTP_BASIC_X_PASSWORD",
        ),
        *("AWS_SECRET_ACCESS_KEY", "AZURE_PAT", "DB_PASS", "GPG_PASSPHRASE", "SIGNINGKEY", "npm_config__authToken"),
    ],
)
def test_variable_is_kept_from_the_code_of_a_project(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "PWD", "OLDPWD", "SSH_AUTH_SOCK", "GIT_ASKPASS", "XAUTHORITY", "TOKENIZERS_PARALLELISM", "KEYBOARD"),
        *("PYTHON_KEYRING_BACKEND", "PIP_INDEX_URL", "UV_INDEX_PRIVATE_PASSWORD", "COMPASS", "PASSAGE", "BYPASS"),
    ],
)
def test_variable_is_no_secret(name: str) -> None:
    assert not is_secret(name)


def test_variable_is_a_secret_for_the_form_of_its_value() -> None:
    assert is_secret("UPLOAD_AS", "pypi-" + "x" * 90)
    assert is_secret("DOCKER_AUTH_CONFIG", '{"auths": {"registry.example": {"auth": "bWU6ZHJhd2JyaWRnZQ=="}}}')
    assert is_secret("FEED_ENDPOINTS", '[{"endpoint": "https://index.example/", "accessToken": "drawbridge"}]')
    for value in ('{"authors": ["me"], "keys": 1, "token": 7}', "[1, 2]", "{", "[" * 100_000, '{"a": ""}', "null"):
        assert not is_secret("SETTINGS", value)
    assert not is_secret("UPLOAD_AS", "pypi-server")


HOSTILE = ("://a:", "://", "eyJ", "eyJa.eyJ", "http://a", "https://a:b", "pypi-", "ghp_", "a@b:", "x://a:b@c", "glpat-")
"""Pieces of text of which each is the beginning of what looks like a secret."""


@pytest.mark.parametrize("piece", HOSTILE)
def test_masking_looks_at_each_sign_a_bounded_number_of_times(piece: str) -> None:
    """With a pattern that searches from each place anew, each sign is looked at as often as there are pieces."""
    text = piece * 200
    assert work_of_masking(text) <= MOST_LOOKS * len(text)
    # It would take minutes otherwise; what is not a pattern is linear as well, and is not left out for want of an "@".
    long_text = piece * 100_000
    for text in (long_text, f"{long_text}@", f"@{long_text}", f"@ {long_text}"):
        redact(text)


def test_work_of_a_pattern_that_searches_anew_is_counted() -> None:
    counts = []
    for length in (100, 200):
        counter = WorkCounter(r":[^/@]*@")
        counter.spans("a:" * length)
        counts.append(counter.count)
    assert counts[1] > 3.5 * counts[0]
