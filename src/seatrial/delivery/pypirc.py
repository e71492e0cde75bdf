"""The file in which twine finds indexes and their passwords (PyPA, "The .pypirc file")."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.shortfalls import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping


def addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """Return where the indexes that it lists take uploads. Raises `DestinationUnknown`."""
    listed = _values(environ, "index-servers").get("distutils", "").split()
    return {name: url for name, url in _values(environ, "repository").items() if name in listed}


def passwords(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the passwords in it by the names of the indexes; nothing may show them. Raises `DestinationUnknown`."""
    return _values(environ, "password")


def path(environ: Mapping[str, str]) -> Path:
    """Return where it is, or would be."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")  # noqa: PTH111 - as twine does
    return Path(home, ".pypirc")


def _values(environ: Mapping[str, str], key: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path(environ), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        # Its own words would show the line, which can hold a password.
        raise DeliveryError(
            f"{path(environ)} can't be read as .pypirc", code="DestinationUnknown", fix="mend it, or move it away"
        ) from None
    return {name: parser.get(name, key) for name in parser.sections() if parser.has_option(name, key)}
