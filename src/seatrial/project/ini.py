"""Reads ini files: setup.cfg, tox.ini, .coveragerc, .bumpversion.cfg, pip.conf."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class IniError(ValueError):
    """A file is no ini file, or not UTF-8; the message says where."""


def parse_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of an ini file, none where it is not there. Raises `IniError`."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except configparser.Error as error:
        raise IniError(" ".join(error.message.split())) from None
    except (UnicodeDecodeError, OSError) as error:
        raise IniError(str(error)) from None
    return {name: dict(parser[name]) for name in parser.sections()}


def read_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of an ini file, none where it is not there or can't be read."""
    try:
        return parse_ini(path)
    except IniError:
        return {}
