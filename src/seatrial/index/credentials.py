"""The credentials that twine will use, checked before anything is sent; none of them is shown.

The keyring is not read: it could open a window.
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial.errors import ToolError
from seatrial.index.destination import pypi_host, pypirc_passwords, pypirc_path
from seatrial.redaction import redact, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.commands import Command
    from seatrial.index.destination import Destination


USER = "__token__"
"""The name of the user whose password is a token."""

PREFIX = "pypi-"
MACAROON = b"\x02\x01"
"""What a token begins with below its prefix and base64: a macaroon of version 2, then its location (libmacaroons)."""


@dataclass(frozen=True)
class Credential:
    """A user and a password, and the place of the password, which is None when twine has to ask for it.

    ``user``: that of the environment; on PyPI, twine takes no other, and ``__token__`` where it says none.
    """

    user: str
    password: str | None
    place: str

    @classmethod
    def of(cls, destination: Destination, environ: Mapping[str, str]) -> Credential:
        """Return what twine will take: the password of the environment, also an empty one, or else of .pypirc."""
        user = environ.get("TWINE_USERNAME") or USER
        if "TWINE_PASSWORD" in environ:
            return cls(user, environ["TWINE_PASSWORD"], "TWINE_PASSWORD")
        in_address = without_credentials(destination.upload) != destination.upload
        if not destination.name and in_address:
            return cls(user, urlsplit(destination.upload).password, "the address")
        passwords = pypirc_passwords(environ)
        password = passwords.get(destination.name) if destination.name else None
        return cls(user, password, str(pypirc_path(environ)))


def require_credentials(destination: Destination, environ: Mapping[str, str], again: Command) -> None:
    """Raise `CredentialUnfit` for what PyPI or TestPyPI can't take; ``again``: the command that goes on."""
    if not destination.pypi:
        return
    wrong = tuple(_problems(destination, Credential.of(destination, environ)))
    if wrong:
        raise ToolError(
            f"nothing was sent: {'; '.join(problem for problem, _ in wrong)}",
            code="CredentialUnfit",
            fix="\n".join([*(fix for _, fix in wrong), str(again)]),
        )


def _problems(destination: Destination, credential: Credential) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and what to do about it."""
    if credential.password == "":
        yield f"{credential.place} is empty, and twine looks no further", _without_token(credential)
    if credential.password and credential.password.strip().startswith(PREFIX):
        if credential.user != USER:
            yield (
                f"TWINE_USERNAME is not {USER}, and the password in {credential.place} is a token",
                "unset TWINE_USERNAME",
            )
        home = token_host(credential.password)
        if home and home != destination.host:
            yield (
                f"the token in {credential.place} is for {_named(home)}, not for {destination.display_name}",
                _without_token(credential),
            )


def _without_token(credential: Credential) -> str:
    is_set = credential.place == "TWINE_PASSWORD"
    return (
        f"unset {credential.place}, or set it to a token" if is_set else f"exchange the password in {credential.place}"
    )


def credential_remarks(destination: Destination, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what may be meant so, and often is not."""
    credential = Credential.of(destination, environ)
    url = environ.get("TWINE_REPOSITORY_URL", "")
    if destination.named and url and url.rstrip("/") != destination.upload.rstrip("/"):
        yield f"TWINE_REPOSITORY_URL leads elsewhere, to {redact(url)}: --index holds"
    password = credential.password or ""
    if password != password.strip():
        yield f"{credential.place} begins or ends with a blank or a line break, which is sent too"
    if destination.pypi:
        if password and not password.strip().startswith(PREFIX):
            yield f"{credential.place} does not hold a token, and {destination.display_name} accepts only tokens"
    elif password == "" and credential.password is not None:
        yield f"{credential.place} is empty, and twine looks no further"
    elif _is_of_pypi(token_host(password)):
        index = _named(token_host(password))
        yield f"the token in {credential.place} is for {index}, and goes to {destination.display_name}"
    file = pypirc_path(environ)
    if os.name == "posix" and pypirc_passwords(environ) and file.stat().st_mode & 0o077:
        yield f"others can read {file}, which holds a password: chmod 600 {file}"


def token_host(token: str) -> str:
    """Return the host that a token was made for, "" where it does not say one."""
    text = re.sub(r"\s", "", token).removeprefix(PREFIX) if PREFIX in token else ""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return ""
    host = raw[3 : 3 + raw[2]].decode("ascii", "replace") if raw.startswith(MACAROON) and raw[2:3] else ""
    return host if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) else ""


def _is_of_pypi(host: str) -> bool:
    return host == pypi_host() or host.endswith(f".{pypi_host()}")


def _named(host: str) -> str:
    if not _is_of_pypi(host):
        return host
    return "PyPI" if host == pypi_host() else "TestPyPI"
