"""Which index a release is uploaded to and read from, and with which credentials.

It is named by the command line, .pypirc or pip's settings. The credentials that twine will use are checked before
anything is sent, and none of them is shown. The keyring is not read: it could open a window.
"""

from __future__ import annotations

import base64
import configparser
import contextlib
import functools
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seatrial.errors import DeliveryError, ToolError, did_you_mean, nearest
from seatrial.project.config_files import read_ini
from seatrial.redaction import redact, without_credentials

if TYPE_CHECKING:
    from seatrial.commands import Command
    from seatrial.project.settings import Config


LOOPBACK = "http://127.0.0.1:"
"""How the address of an index on this machine begins."""

UPLOADS = "upload."
PYPI, TESTPYPI = "pypi", "testpypi"


@dataclass(frozen=True)
class Destination:
    """An index.

    ``name``: as twine and .pypirc call it, None for an index that is known by its address alone; ``upload`` and
    ``simple``: the addresses that files are sent to and read from; ``named``: how the command line names it,
    None where it does not.
    Credentials can be in the addresses.
    """

    name: str | None
    upload: str
    simple: str
    named: str | None = None

    @property
    def option(self) -> tuple[str, ...]:
        """What leads a command to the same index, as it can be typed: without the password of an address."""
        return ("--index", without_credentials(self.named)) if self.named else ()

    @property
    def host(self) -> str | None:
        """The host of its pages for people: PyPI itself takes uploads at a host of its own."""
        host = urlsplit(self.upload).hostname
        return host.removeprefix(UPLOADS) if host else None

    @property
    def site(self) -> str:
        """The address of its pages for people."""
        parts = urlsplit(self.upload)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].removeprefix(UPLOADS)}/"

    @property
    def pypi(self) -> str | None:
        """PyPI or TestPyPI, None for any other index, whatever .pypirc calls it."""
        return {pypi_host(): "PyPI", f"test.{pypi_host()}": "TestPyPI"}.get(self.host or "")

    @property
    def display_name(self) -> str:
        """PyPI, TestPyPI, or its address without what is secret, after its name."""
        address = redact(self.upload)
        return self.pypi or (f"{self.name} ({address})" if self.name else address)


def find_destination(named: str | None, config: Config, environ: Mapping[str, str]) -> Destination:
    """Return the index that was named, or the one that twine uploads to. Raises `DestinationUnknown`.

    ``named``: pypi, testpypi, a name of .pypirc, or an address; None where none was named. An address that .pypirc has
    gets its name, and with it the password there.
    """
    addresses = {**upload_addresses(), **pypirc_addresses(environ)}
    chosen = named or environ.get("TWINE_REPOSITORY_URL") or environ.get("TWINE_REPOSITORY") or PYPI
    if "://" in chosen:
        upload, plain = chosen, chosen.rstrip("/").lower()
        name = next((name for name, address in addresses.items() if address.rstrip("/").lower() == plain), None)
    else:
        name, upload = chosen, addresses.get(chosen, "")
    parts = urlsplit(upload)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        near = () if "://" in chosen else nearest(chosen, addresses)
        is_listed = name is not None and name in addresses
        raise DeliveryError(
            f"{pypirc_path(environ)}: repository of {name} is not an address: {redact(upload)}"
            if is_listed
            else f"{redact(chosen)!r} is not an index to upload to{did_you_mean(near)}",
            code="DestinationUnknown",
            fix=f"name one of {', '.join(addresses)}, or give the address that it takes uploads at: https://…/legacy/",
        )
    destination = Destination(name, upload, _simple_address(upload), named or None)
    if named or name != PYPI:
        return destination
    simple = config.index or (pip_index_url(environ) if destination.pypi else destination.simple)
    return replace(destination, simple=simple)


def _simple_address(upload: str) -> str:
    """Return where an index is read that takes uploads at an address: PyPI's pattern, pypiserver's, devpi's."""
    parts = urlsplit(upload)
    if parts.path.rstrip("/").endswith("/legacy"):
        # PyPI itself takes uploads at a host of its own.
        netloc = re.sub(r"(^|@)upload\.", r"\1", parts.netloc)
        return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')[: -len('legacy')]}simple/"
    own = "+simple/" if len(parts.path.strip("/").split("/")) > 1 else "simple/"
    return f"{upload.rstrip('/')}/{own}"


def pypirc_addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """Return where the indexes that it lists take uploads. Raises `DestinationUnknown`."""
    return {name: values["repository"] for name, values in _pypirc(environ).items() if values.get("repository")}


def pypirc_passwords(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the passwords in it by the names of the indexes; nothing may show them. Raises `DestinationUnknown`."""
    return {name: values["password"] for name, values in _pypirc(environ).items() if values.get("password") is not None}


def pypirc_path(environ: Mapping[str, str]) -> Path:
    """Return where it is, or would be."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")  # noqa: PTH111 - as twine does
    return Path(home, ".pypirc")


def _pypirc(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the values of each index as twine reads them, with its rules for sections and defaults."""
    # twine takes its time to load.
    from twine.exceptions import TwineException  # noqa: PLC0415
    from twine.utils import get_config  # noqa: PLC0415

    path = pypirc_path(environ)
    try:
        return dict(get_config(str(path) if path.is_file() else os.devnull))
    except (TwineException, configparser.Error, UnicodeDecodeError, OSError):
        # Its own words would show the line, which can hold a password.
        raise DeliveryError(
            f"{path} can't be read as .pypirc", code="DestinationUnknown", fix="correct it, or move it away"
        ) from None


INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
"""The environment variables with its address: pip's, then uv's."""


def pip_index_url(environ: Mapping[str, str]) -> str:
    """Return the address of the simple API that is configured, PyPI's where none is; it ends with a slash.

    Credentials in it are left where they are: whoever shows it masks it.
    """
    configured = next((environ[name] for name in INDEX_VARIABLES if environ.get(name)), "") or _index_in_files(environ)
    return f"{(configured or f'https://{pypi_host()}/simple').rstrip('/')}/"


def _index_in_files(environ: Mapping[str, str]) -> str:
    """Return what the files say: the last of them that says something holds."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return ""
    urls = [read_ini(path).get("global", {}).get("index-url", "").strip() for path in _pip_files(environ)]
    return next(filter(None, reversed(urls)), "")


def _pip_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield where pip looks, the weakest first."""
    # Loaded here because only this needs it.
    import platformdirs  # noqa: PLC0415

    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    yield Path(platformdirs.site_config_dir("pip", appauthor=False), name)
    yield Path("/etc", name)
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    if home:
        yield Path(home, "pip" if sys.platform == "win32" else ".pip", name)
        yield Path(environ.get("XDG_CONFIG_HOME") or Path(home, ".config"), "pip", name)
    if sys.platform != "linux":
        yield Path(platformdirs.user_config_dir("pip", appauthor=False, roaming=True), name)
    yield Path(sys.prefix, name)
    if environ.get("PIP_CONFIG_FILE"):
        yield Path(environ["PIP_CONFIG_FILE"])


def pypi_host() -> str:
    """Return the host of PyPI's own pages: uploads go to one below it."""
    return upload_addresses()[PYPI].split("/")[2].partition(".")[2]


@functools.cache
def upload_addresses() -> dict[str, str]:
    """Return where twine uploads to by name: `PYPI` and `TESTPYPI`.

    They are read from its source, because twine takes as long to load as all git commands before a release.
    """
    constants = {PYPI: "DEFAULT_REPOSITORY", TESTPYPI: "TEST_REPOSITORY"}
    package = importlib.util.find_spec("twine")
    folders = (package and package.submodule_search_locations) or ()
    source = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        source = "".join(Path(folder, "utils.py").read_text(encoding="utf-8") for folder in folders)
    addresses = {
        name: address[1]
        for name, constant in constants.items()
        for address in re.finditer(rf'^{constant} = "(.+)"$', source, re.MULTILINE)
    }
    if addresses.keys() == constants.keys():
        return addresses
    # Another twine may write them in another way.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    return {PYPI: DEFAULT_REPOSITORY, TESTPYPI: TEST_REPOSITORY}


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
