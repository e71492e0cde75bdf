"""Reads configuration files of a project: TOML such as pyproject.toml, INI such as setup.cfg, and modules in Python."""

from __future__ import annotations

import ast
import configparser
import functools
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any

from seatrial.commands import Command
from seatrial.errors import ProjectError, PyprojectInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = ("build-system", "project", "dependency-groups", "tool")


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises `PyprojectMissing` or `PyprojectUnreadable`."""
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith("\N{BYTE ORDER MARK}"):
            raise ProjectError(
                f"{path} begins with a byte order mark, which build backends do not take",
                code="PyprojectUnreadable",
                fix="save it without",
            )
        return tomllib.loads(text)
    except FileNotFoundError:
        is_project = any((path.parent / name).is_file() for name in ("setup.py", "setup.cfg"))
        elsewhere = f"go to the project's folder; or: {Command('--project', 'FOLDER', program_only=True)}"
        raise ProjectError(
            f"there is no {path}",
            code="PyprojectMissing",
            fix=f"write it: {Command('init', program_only=True)}" if is_project else elsewhere,
        ) from None
    except UnicodeDecodeError as error:
        raise ProjectError(
            f"{path} is not UTF-8, which TOML has to be: {error}",
            code="PyprojectUnreadable",
            fix="save the file in UTF-8",
        ) from None
    except OSError as error:
        raise ProjectError(
            f"{path} can't be read: {error.strerror}",
            code="PyprojectUnreadable",
            fix=f"make {path} a file that you may read",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(
            f"{path} is not TOML: {error}",
            code="PyprojectUnreadable",
            fix="correct that line, then run the command again",
        ) from None
    except RecursionError:
        raise ProjectError(
            f"{path} is nested too deeply to be read", code="PyprojectUnreadable", fix="write it flatter"
        ) from None


def find_string(text: str, path: Sequence[str], value: str) -> int | None:
    """Return the end of the string ``value``, with its quotes, at a key of a text in TOML; None where it is not found.

    ``path``: the names of the tables and of the key. The place is that whose change is read at the key, however the
    tables are written.
    """
    ends = [match.end() for match in re.finditer(rf"(?P<quote>[\"']){re.escape(value)}(?P=quote)", text)]
    first, last = 0, len(ends)
    if not _is_changed(text, path, value, ends):
        return None
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if _is_changed(text, path, value, ends[first:middle]) else (middle, last)
    return ends[first]


def _is_changed(text: str, path: Sequence[str], value: str, ends: Sequence[int]) -> bool:
    """Return whether the value at a key is another when the strings with these ends are."""
    starts = (0, *(end - 1 for end in ends))
    changed = "?".join(text[start:end] for start, end in zip(starts, (*starts[1:], len(text))))
    try:
        content: Any = tomllib.loads(changed)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return bool(content == f"{value}?")


def build_backend(table: Mapping[str, Any]) -> str:
    """Return the build backend's import path, setuptools' when none is named (PEP 517)."""
    return str(table.get("build-system", {}).get("build-backend", "setuptools.build_meta"))


def require_types(path: Path, table: Mapping[str, Any]) -> None:
    """Raise `PyprojectInvalid` for values of the wrong kind, one error for all of them."""
    wrong = [
        f"[{key}] has to be a table, not {table[key]!r}"
        for key in TABLES
        if key in table and not isinstance(table[key], dict)
    ]
    tools = table.get("tool", {})
    if isinstance(tools, dict):
        wrong += [
            f"[tool.{key}] has to be a table, not {value!r}"
            for key, value in tools.items()
            if not isinstance(value, dict)
        ]
    if not wrong:
        wrong = [
            f"[project] {key} has to be {kind}, not {table['project'][key]!r}"
            for key, kind, right in (
                ("name", "a string", _is_text),
                ("requires-python", "a string", _is_text),
                ("classifiers", "an array of strings", _is_texts),
            )
            if key in table.get("project", {}) and not right(table["project"][key])
        ]
    if wrong:
        raise PyprojectInvalid(f"{path}: " + "; ".join(wrong), fix="write it as the pyproject.toml specification says")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


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


def read_module(path: Path) -> ast.Module | None:
    """Return what a file in Python has; None where it can't be read."""
    try:
        return parse_module(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return None


@functools.lru_cache(maxsize=32)
def parse_module(text: str) -> ast.Module | None:
    """Return what a module has; None where it is no Python."""
    try:
        with warnings.catch_warnings():
            # Invalid escape sequences, for instance, are for the authors of the module to read.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
