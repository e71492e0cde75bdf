"""Reads ini files: setup.cfg, tox.ini, .coveragerc, .bumpversion.cfg, pip.conf."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class IniError(ValueError):
    """A file can't be read. The message is what follows its name: ``is no ini file: …``; ``fix``: what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


def parse_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of an ini file, none where it is not there. Raises `IniError`."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(str(path), encoding="utf-8")
    except configparser.Error as error:
        what = f"is no ini file: {' '.join(error.message.split())}"
        raise IniError(what, fix="correct that line, then run the command again") from None
    except UnicodeDecodeError as error:
        raise IniError(f"is not UTF-8: {error}", fix="save the file in UTF-8") from None
    return {name: dict(parser[name]) for name in parser.sections()}


def read_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of an ini file, none where it is not there or can't be read."""
    try:
        return parse_ini(path)
    except IniError:
        return {}
