"""Which index a release is uploaded to and read from: from the command line, .pypirc and pip's settings."""

from __future__ import annotations

import configparser
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seatrial.errors import DeliveryError, did_you_mean, nearest
from seatrial.project.config_files import read_ini
from seatrial.redaction import redact, without_credentials

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
    # twine takes its time to load.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    addresses = {PYPI: DEFAULT_REPOSITORY, TESTPYPI: TEST_REPOSITORY, **pypirc_addresses(environ)}
    chosen = named or environ.get("TWINE_REPOSITORY_URL") or environ.get("TWINE_REPOSITORY") or PYPI
    if "://" in chosen:
        upload = chosen
        name = next((name for name, address in addresses.items() if _is_same(address, chosen)), None)
    else:
        name, upload = chosen, addresses.get(chosen, "")
    parts = urlsplit(upload)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        near = () if "://" in chosen else nearest(chosen, addresses)
        raise DeliveryError(
            f"{redact(chosen)!r} is no index to upload to{did_you_mean(near)}",
            code="DestinationUnknown",
            fix=f"name one of {', '.join(addresses)}, or give the address that it takes uploads at: https://…/legacy/",
        )
    destination = Destination(name, upload, _simple_address(upload), named or None)
    if named or name != PYPI:
        return destination
    simple = config.index or (pip_index_url(environ) if destination.pypi else destination.simple)
    return replace(destination, simple=simple)


def _is_same(address: str, other: str) -> bool:
    return address.rstrip("/").lower() == other.rstrip("/").lower()


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
    # Loaded here because twine takes its time, and an address is needed only where something is shown or asked.
    from twine.utils import DEFAULT_REPOSITORY  # noqa: PLC0415

    return DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
