"""Which index a release is uploaded to and read from: from the command line, .pypirc and pip's settings."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial.errors import DeliveryError
from seatrial.redaction import redact, without_credentials
from seatrial.suggestions import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.project.settings import Config


LOOPBACK = "http://127.0.0.1:"
"""How the address of an index on this machine begins."""

UPLOADS = "upload."
PYPI, TESTPYPI = "pypi", "testpypi"


@dataclass(frozen=True)
class Destination:
    """An index.

    ``name``: as twine and .pypirc call it, "" for one that is known by its address alone; ``upload`` and ``simple``:
    the addresses that files are sent to and read from; ``told``: what was said of it on the command line. Credentials
    can be in the addresses.
    """

    name: str
    upload: str
    simple: str
    named: str = ""

    @property
    def option(self) -> tuple[str, ...]:
        """The words that lead a command to the same index: without the password of an address."""
        return ("--index", without_credentials(self.named)) if self.named else ()

    @property
    def site(self) -> str:
        """The address of its pages for people."""
        parts = urlsplit(self.upload)
        netloc = parts.netloc.rpartition("@")[2]
        # PyPI itself takes uploads at a host of its own.
        return f"{parts.scheme}://{netloc.removeprefix(UPLOADS)}/"

    @property
    def shown(self) -> str:
        """Its name, or its address without what is secret."""
        return {PYPI: "PyPI", TESTPYPI: "TestPyPI"}.get(self.name, self.name) or redact(self.upload)


def find_destination(told: str, config: Config, environ: Mapping[str, str]) -> Destination:
    """Return the index that was named, or the one that twine uploads to. Raises `DestinationUnknown`.

    ``told``: pypi, testpypi, a name of .pypirc, an address, or "".
    """
    # Loaded here because twine takes its time.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    known = {PYPI: DEFAULT_REPOSITORY, TESTPYPI: TEST_REPOSITORY, **pypirc_addresses(environ)}
    wanted = told or environ.get("TWINE_REPOSITORY_URL") or environ.get("TWINE_REPOSITORY") or PYPI
    name, upload = ("", wanted) if "://" in wanted else (wanted, known.get(wanted, ""))
    parts = urlsplit(upload)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        near = () if "://" in wanted else nearest(wanted, known)
        raise DeliveryError(
            f"{redact(wanted)!r} is no index to upload to{did_you_mean(near)}",
            code="DestinationUnknown",
            fix=f"name one of {', '.join(known)}, or give the address that it takes uploads at: https://…/legacy/",
        )
    usual = not told and name == PYPI
    simple = (config.index or pip_index_url(environ)) if usual else _simple_address(upload)
    return Destination(name, upload, simple, told)


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
    listed = _pypirc_values(environ, "index-servers").get("distutils", "").split()
    return {name: url for name, url in _pypirc_values(environ, "repository").items() if name in listed}


def pypirc_passwords(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the passwords in it by the names of the indexes; nothing may show them. Raises `DestinationUnknown`."""
    return _pypirc_values(environ, "password")


def pypirc_path(environ: Mapping[str, str]) -> Path:
    """Return where it is, or would be."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")  # noqa: PTH111 - as twine does
    return Path(home, ".pypirc")


def _pypirc_values(environ: Mapping[str, str], key: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(pypirc_path(environ), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        # Its own words would show the line, which can hold a password.
        raise DeliveryError(
            f"{pypirc_path(environ)} can't be read as .pypirc",
            code="DestinationUnknown",
            fix="mend it, or move it away",
        ) from None
    return {name: parser.get(name, key) for name in parser.sections() if parser.has_option(name, key)}


INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
"""What tells it in the environment: to pip, and to uv where pip is told nothing."""


def pip_index_url(environ: Mapping[str, str]) -> str:
    """Return the address of the simple API that is configured, PyPI's where none is; it ends with a slash.

    Credentials in it are left where they are: whoever shows it masks it.
    """
    told = next((environ[name] for name in INDEX_VARIABLES if environ.get(name)), "") or _index_in_files(environ)
    return f"{(told or f'https://{pypi_host()}/simple').rstrip('/')}/"


def _index_in_files(environ: Mapping[str, str]) -> str:
    """Return what the files say: the last of them that says something holds."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return ""
    parser = configparser.RawConfigParser()
    for path in _pip_files(environ):
        with contextlib.suppress(configparser.Error, UnicodeDecodeError):
            parser.read(path, encoding="utf-8")
    return parser.get("global", "index-url", fallback="").strip()


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
    # Loaded here because twine takes its time, and an address is needed only where something is shown or asked.
    from twine.utils import DEFAULT_REPOSITORY  # noqa: PLC0415

    return DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
