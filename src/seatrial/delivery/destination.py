"""Where a release goes, and where it is read again: an index has an address for each."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial.delivery import pypirc
from seatrial.masking import mask, without_credentials
from seatrial.shortfalls import DeliveryError
from seatrial.tools import pip_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.config import Config

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
    told: str = ""

    @property
    def option(self) -> str:
        """What leads a command to the same index, as it can be typed: without the password of an address."""
        return f" --index {shlex.quote(without_credentials(self.told))}" if self.told else ""

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
        return {PYPI: "PyPI", TESTPYPI: "TestPyPI"}.get(self.name, self.name) or mask(self.upload)


def find(told: str, config: Config, environ: Mapping[str, str]) -> Destination:
    """Return the index that was named, or the one that twine uploads to. Raises `DestinationUnknown`.

    ``told``: pypi, testpypi, a name of .pypirc, an address, or "".
    """
    # Loaded here because twine takes its time.
    from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY  # noqa: PLC0415

    known = {PYPI: DEFAULT_REPOSITORY, TESTPYPI: TEST_REPOSITORY, **pypirc.addresses(environ)}
    wanted = told or environ.get("TWINE_REPOSITORY_URL") or environ.get("TWINE_REPOSITORY") or PYPI
    name, upload = ("", wanted) if "://" in wanted else (wanted, known.get(wanted, ""))
    parts = urlsplit(upload)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise DeliveryError(
            f"{mask(wanted)!r} is no index to upload to",
            code="DestinationUnknown",
            fix=f"name one of {', '.join(known)}, or give the address that it takes uploads at: https://…/legacy/",
        )
    usual = not told and name == PYPI
    simple = (config.index or pip_settings.index_url(environ)) if usual else _simple(upload)
    return Destination(name, upload, simple, told)


def _simple(upload: str) -> str:
    """Return where an index is read that takes uploads at an address: PyPI's pattern, pypiserver's, devpi's."""
    parts = urlsplit(upload)
    if parts.path.rstrip("/").endswith("/legacy"):
        # PyPI itself takes uploads at a host of its own.
        netloc = re.sub(r"(^|@)upload\.", r"\1", parts.netloc)
        return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')[: -len('legacy')]}simple/"
    own = "+simple/" if len(parts.path.strip("/").split("/")) > 1 else "simple/"
    return f"{upload.rstrip('/')}/{own}"
