"""Where publishing goes wrong for want of the right token is known before anything is sent, and shows nothing."""

from __future__ import annotations

import base64
import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY

from errors_raised import raises_error, rendered
from index_server import READ, IndexServer
from sample_project import lines
from seatrial.commands import Command
from seatrial.index.destination import (
    Credential,
    Destination,
    credential_remarks,
    find_destination,
    pypi_host,
    require_credentials,
    token_host,
)
from seatrial.project.settings import Config

if TYPE_CHECKING:
    from pathlib import Path


def token(host: str) -> str:
    """Return a token as PyPI makes them."""
    raw = b"\x02\x01" + bytes([len(host)]) + host.encode() + b"\x02\x10" + b"identifier" * 4
    return "pypi-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


OF_PYPI, OF_TESTPYPI = token(pypi_host()), token(urlsplit(TEST_REPOSITORY).netloc)
HERE = Destination("pypi", DEFAULT_REPOSITORY, "https://example.invalid/simple/")
TEST = Destination("testpypi", TEST_REPOSITORY, "https://example.invalid/simple/", "testpypi")
OTHER = Destination(
    None, "https://example.invalid/legacy/", "https://example.invalid/simple/", "https://example.invalid/"
)
RC = "[distutils]\nindex-servers = pypi\n[pypi]\nusername = me\npassword = {}\n"


@pytest.mark.parametrize(
    ("where", "environ", "message"),
    [
        (HERE, {"TWINE_PASSWORD": ""}, "TWINE_PASSWORD is empty, and twine looks no further"),
        (HERE, {"TWINE_PASSWORD": OF_TESTPYPI}, "the token in TWINE_PASSWORD is for TestPyPI, not for PyPI"),
        (TEST, {"TWINE_PASSWORD": f"{OF_PYPI}\n"}, "the token in TWINE_PASSWORD is for PyPI, not for TestPyPI"),
        (
            HERE,
            {"TWINE_PASSWORD": OF_PYPI, "TWINE_USERNAME": "me"},
            "TWINE_USERNAME is not __token__, and the password in TWINE_PASSWORD is a token",
        ),
    ],
)
def test_invalid_credentials_are_not_sent(
    where: Destination, environ: dict[str, str], message: str, tmp_path: Path
) -> None:
    with raises_error("CredentialUnfit") as raised:
        require_credentials(where, {"HOME": str(tmp_path), **environ}, Command("publish"))
    assert raised.value.what == f"nothing was sent: {message}"
    assert raised.value.fix.endswith("\ninvoke publish")


def test_token_in_pypirc_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / ".pypirc").write_text(RC.format(OF_TESTPYPI))
    with raises_error("CredentialUnfit", match="is for TestPyPI, not for PyPI"):
        require_credentials(HERE, {"HOME": str(tmp_path)}, Command("publish"))
    require_credentials(HERE, {"HOME": str(tmp_path), "TWINE_PASSWORD": OF_PYPI}, Command("publish"))


@pytest.mark.parametrize(
    ("where", "environ", "expected"),
    [
        (HERE, {}, []),
        (HERE, {"TWINE_PASSWORD": OF_PYPI, "TWINE_USERNAME": "__token__"}, []),
        (TEST, {"TWINE_PASSWORD": OF_TESTPYPI}, []),
        (OTHER, {"TWINE_PASSWORD": "secret", "TWINE_USERNAME": "me"}, []),
        (HERE, {"TWINE_PASSWORD": "secret"}, ["TWINE_PASSWORD does not hold a token, and PyPI accepts only tokens"]),
        (
            HERE,
            {"TWINE_PASSWORD": f"{OF_PYPI}\n"},
            ["TWINE_PASSWORD begins or ends with a blank or a line break, which is sent too"],
        ),
        (OTHER, {"TWINE_PASSWORD": ""}, ["TWINE_PASSWORD is empty, and twine looks no further"]),
        (
            OTHER,
            {"TWINE_PASSWORD": OF_PYPI},
            ["the token in TWINE_PASSWORD is for PyPI, and goes to https://example.invalid/legacy/"],
        ),
        (
            TEST,
            {"TWINE_REPOSITORY_URL": "https://me:secretpassword@example.invalid/legacy/"},
            ["TWINE_REPOSITORY_URL leads elsewhere, to https://***@example.invalid/legacy/: --index holds"],
        ),
    ],
)
def test_credentials_that_may_be_mistakes_are_remarked(
    where: Destination, environ: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    variables = {"HOME": str(tmp_path), **environ}
    require_credentials(where, variables, Command("publish"))
    assert list(credential_remarks(where, variables)) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="has other permissions")
def test_pypirc_that_others_can_read_is_reported(tmp_path: Path) -> None:
    file = tmp_path / ".pypirc"
    file.write_text(RC.format(OF_PYPI))
    file.chmod(0o600)
    assert list(credential_remarks(HERE, {"HOME": str(tmp_path)})) == []
    file.chmod(0o640)
    assert list(credential_remarks(HERE, {"HOME": str(tmp_path)})) == [
        f"others can read {file}, which holds a password: chmod 600 {file}"
    ]


PYPIRC_PYPI = "[pypi]\nrepository = http://127.0.0.1:9/legacy/\npassword = opensesame\n"
PYPIRC_DOCK = "[distutils]\nindex-servers = dock\n[dock]\nrepository = https://example.invalid/legacy/\npassword = x\n"


def find(pypirc: str, named: str | None, home: Path, **environ: str) -> Destination:
    (home / ".pypirc").write_text(pypirc)
    return find_destination(named, Config(), {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull, **environ})


def test_address_of_pypi_in_pypirc_is_shown_and_used_as_twine_reads_it(tmp_path: Path) -> None:
    """There need not be a list of indexes."""
    here = find(PYPIRC_PYPI, "", tmp_path)
    assert (here.upload, here.simple) == ("http://127.0.0.1:9/legacy/", "http://127.0.0.1:9/simple/")
    assert (here.display_name, here.pypi) == ("pypi (http://127.0.0.1:9/legacy/)", None)
    assert find(PYPIRC_PYPI, "testpypi", tmp_path).display_name == "TestPyPI"
    listed = PYPIRC_DOCK + "[pypi]\nrepository = http://127.0.0.1:9/legacy/\n"
    assert find(listed, "", tmp_path).display_name == "PyPI", "a section that is not listed does not count"


def test_index_that_is_named_by_its_address_has_the_password_of_its_section(tmp_path: Path) -> None:
    for named, environ in (
        ("https://example.invalid/legacy", {}),
        (None, {"TWINE_REPOSITORY_URL": "https://EXAMPLE.invalid/legacy/"}),
    ):
        here = find(PYPIRC_DOCK, named, tmp_path, **environ)
        assert (here.name, here.display_name.lower()) == (
            "dock",
            "dock (https://example.invalid/legacy" + "/" * (not named) + ")",
        )
        assert Credential.of(here, {"HOME": str(tmp_path)}).password == "x"  # noqa: S105
    here = find(PYPIRC_DOCK, "https://me:other@example.invalid/legacy/", tmp_path)
    assert (here.name, Credential.of(here, {"HOME": str(tmp_path)}).password) == (None, "other")
    assert find(PYPIRC_DOCK, DEFAULT_REPOSITORY, tmp_path).display_name == "PyPI"


@pytest.mark.parametrize("text", [b"password = opensesame", b"[pypi]\npassword = \xff", b"[pypi]\n[pypi]\n"])
def test_pypirc_that_can_not_be_read_is_one_message(tmp_path: Path, text: bytes) -> None:
    (tmp_path / ".pypirc").write_bytes(text)
    with raises_error("DestinationUnknown") as raised:
        find_destination(None, Config(), {"HOME": str(tmp_path)})
    assert raised.value.what == f"{tmp_path / '.pypirc'} can't be read as .pypirc"


@pytest.mark.parametrize("address", ["pypi", "%(host)s", "ftp://me:opensesame@index.example/"])
def test_address_in_pypirc_that_is_none_is_named_with_its_file(tmp_path: Path, address: str) -> None:
    (tmp_path / ".pypirc").write_text(f"[pypi]\nrepository = {address}\n")
    with raises_error("DestinationUnknown") as raised:
        find_destination(None, Config(), {"HOME": str(tmp_path)})
    masked = address.replace("me:opensesame", "***")
    assert raised.value.what == f"{tmp_path / '.pypirc'}: repository of pypi is not an address: {masked}"


@pytest.mark.parametrize(
    "text", ["", "secret", "pypi-", "pypi-!!!", "pypi-AgE", "pypi-AgEI", "pypi-ägypten", "pypi-AgEA"]
)
def test_text_that_is_no_token_has_no_index(text: str) -> None:
    assert token_host(text) == ""


@pytest.mark.parametrize(
    ("address", "option"),
    [
        ("", ""),
        ("dock", " --index dock"),
        ("https://me:secretpassword@example.invalid/legacy/", " --index https://example.invalid/legacy/"),
        ("https://example.invalid/?a=1&b", " --index 'https://example.invalid/?a=1&b'"),
    ],
)
def test_index_is_printed_as_it_can_be_typed_and_without_a_password(address: str, option: str) -> None:
    destination = Destination(None, "https://example.invalid/legacy/", "", address)
    assert rendered(Command("undo", *destination.option)) == f"invoke undo{option}"


@pytest.mark.slow
@pytest.mark.selection
def test_publish_stops_before_the_question_where_the_token_is_of_another_index(server: IndexServer) -> None:
    text = server.repo.read("pyproject.toml").replace("http://127.0.0.1:9/simple/", server.network.simple_url)
    server.repo.project.write({"pyproject.toml": text})
    ran = server.invoke("publish", "--yes", "--new-name", "tidepool", TWINE_PASSWORD=OF_TESTPYPI)
    assert (ran.returncode, server.held()) == (4, [])
    assert ran.output.endswith(
        lines(
            f"""
            seatrial: nothing was sent: the token in TWINE_PASSWORD is for TestPyPI, not for PyPI
            fix:  unset TWINE_PASSWORD, or set it to a token
                  invoke publish --version 1.3.0
            {READ}CredentialUnfit
            """
        )
    )
