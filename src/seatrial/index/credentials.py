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
from seatrial.index.targets import PYPI, TESTPYPI, pypi_host, pypirc_passwords, pypirc_path
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.commands import Command
    from seatrial.index.targets import Destination


USER = "__token__"
"""The name of the user whose password is a token."""

PREFIX = "pypi-"
MACAROON = b"\x02\x01"
"""What a token begins with below its prefix and base64: a macaroon of version 2, then its location (libmacaroons)."""


@dataclass(frozen=True)
class Credential:
    """A user and a password, and where it stands; ``password`` is None where nobody says it.

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
        return cls(user, pypirc_passwords(environ).get(destination.name), str(pypirc_path(environ)))


def require_credentials(destination: Destination, environ: Mapping[str, str], again: Command) -> None:
    """Raise `CredentialUnfit` for what PyPI or TestPyPI can't take; ``again``: the command that goes on."""
    if destination.name not in {PYPI, TESTPYPI}:
        return
    wrong = tuple(_problems(destination, Credential.of(destination, environ)))
    if wrong:
        raise ToolError(
            f"nothing was sent: {'; '.join(seen for seen, _ in wrong)}",
            code="CredentialUnfit",
            fix="\n".join([*(fix for _, fix in wrong), str(again)]),
        )


def _problems(destination: Destination, found: Credential) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and what mends it."""
    if found.password == "":
        yield f"{found.place} is empty, and twine looks no further", _without_token(found)
    if found.password and found.password.strip().startswith(PREFIX):
        if found.user != USER:
            yield f"TWINE_USERNAME is not {USER}, and the password in {found.place} is a token", "unset TWINE_USERNAME"
        home, here = token_host(found.password), _host(destination)
        if home and home != here:
            yield (
                f"the token in {found.place} is one of {_named(home)}, not of {destination.shown}",
                _without_token(found),
            )


def _without_token(found: Credential) -> str:
    is_set = found.place == "TWINE_PASSWORD"
    return f"unset {found.place}, or set it to a token" if is_set else f"exchange the password in {found.place}"


def credential_remarks(destination: Destination, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what may be meant so, and often is not."""
    found = Credential.of(destination, environ)
    url = environ.get("TWINE_REPOSITORY_URL", "")
    if destination.named and url and url.rstrip("/") != destination.upload.rstrip("/"):
        yield f"TWINE_REPOSITORY_URL leads elsewhere, to {redact(url)}: --index holds"
    password = found.password or ""
    if password != password.strip():
        yield f"{found.place} begins or ends with a blank or a line break, which is sent too"
    if destination.name in {PYPI, TESTPYPI}:
        if password and not password.strip().startswith(PREFIX):
            yield f"what {found.place} holds is no token, and {destination.shown} takes nothing else"
    elif password == "" and found.password is not None:
        yield f"{found.place} is empty, and twine looks no further"
    elif _is_of_pypi(token_host(password)):
        yield f"the token in {found.place} is one of {_named(token_host(password))}, and goes to {destination.shown}"
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
    told = raw[3 : 3 + raw[2]].decode("ascii", "replace") if raw.startswith(MACAROON) and raw[2:3] else ""
    return told if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", told) else ""


def _host(destination: Destination) -> str:
    return urlsplit(destination.site).hostname or ""


def _is_of_pypi(host: str) -> bool:
    return host == pypi_host() or host.endswith(f".{pypi_host()}")


def _named(host: str) -> str:
    if not _is_of_pypi(host):
        return host
    return "PyPI" if host == pypi_host() else "TestPyPI"
