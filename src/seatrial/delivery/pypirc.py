"""The file in which twine finds indexes and their passwords (PyPA, "The .pypirc file")."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.shortfalls import DestinationUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping


def addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """Return where the indexes that it names take uploads. Raises `DestinationUnknown`."""
    return _values(environ, "repository")


def passwords(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the passwords in it, which nothing may show. Raises `DestinationUnknown`."""
    return tuple(_values(environ, "password").values())


def _values(environ: Mapping[str, str], key: str) -> dict[str, str]:
    path = Path(environ.get("TWINE_CONFIG_FILE") or os.path.expanduser("~/.pypirc"))  # noqa: PTH111 - as twine does
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        # Its own words would show the line, which can hold a password.
        raise DestinationUnknown(f"{path} can't be read as .pypirc", fix="mend it, or move it away") from None
    return {name: parser.get(name, key) for name in parser.sections() if parser.has_option(name, key)}
