"""Metadata that stand in setup.py or setup.cfg: a project without ``[project]`` that setuptools builds."""

from __future__ import annotations

import configparser
import contextlib
from typing import TYPE_CHECKING, Any

from seatrial.errors import ProjectError
from seatrial.facts import pyproject
from seatrial.facts.setup_script import SetupScript

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CFG, SCRIPT = "setup.cfg", "setup.py"
CLASSIFIERS = {
    CFG: """\
[metadata]
classifiers =
    Programming Language :: Python :: 3.12
    Programming Language :: Python :: 3.13""",
    SCRIPT: """\
    classifiers=[
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],""",
}
"""How each names the Pythons that are supported."""


def file_of_metadata(root: Path, table: Mapping[str, Any]) -> str:
    """Return the file in which the metadata stand; ``table``: pyproject.toml.

    What setup.py has, setup.cfg does not change (setuptools, "setup.cfg"). Raises `PyprojectUnreadable`.
    """
    if "project" in table:
        return "pyproject.toml"
    if _has_script(table) and SetupScript.read(root).has("classifiers"):
        return SCRIPT
    if _of_metadata(root, "metadata") is not None:
        return CFG
    return SCRIPT if _has_script(table) else "pyproject.toml"


def declared(root: Path, table: Mapping[str, Any], part: str, key: str) -> str:
    """Return what setup.py says, or setup.cfg in its section ``part``; "" where the metadata stand elsewhere.

    A version that setup.py has is not told here: which file has it is another question.
    Raises `PyprojectUnreadable`.
    """
    if "project" in table:
        return ""
    told = SetupScript.read(root).told(key) if key != "version" and _has_script(table) else ""
    found = _of_metadata(root, part) if not told and _of_metadata(root, "metadata") is not None else None
    return told or str((found or {}).get(key, "")).strip()


def computes(root: Path, table: Mapping[str, Any], key: str) -> bool:
    """Whether setup.py computes a value, so that nobody knows it who does not run it."""
    return _has_script(table) and SetupScript.read(root).computes(key)


def hands_version(root: Path, table: Mapping[str, Any]) -> bool:
    """Whether setup.py says the version, or may; also that which ``dynamic`` of ``[project]`` leaves open."""
    return pyproject.backend(table).startswith("setuptools") and SetupScript.read(root).hands("version")


def leaves_version_to_tag(root: Path, table: Mapping[str, Any], *, is_told: bool) -> bool:
    """Whether setuptools-scm or one like it says the version; ``is_told``: whether the build requires one of them."""
    if not _has_script(table):
        return False
    script = SetupScript.read(root)
    is_open = not script.hands("version") and not declared(root, table, "metadata", "version")
    return script.has("use_scm_version") or (is_told and is_open)


def section(path: Path, name: str) -> dict[str, str] | None:
    """Return a section of an ini file, None where it is not there or the file is none."""
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        return _section(path, name)
    return None


def _of_metadata(root: Path, name: str) -> dict[str, str] | None:
    """Return a section of setup.cfg, None where it is not there. Raises `PyprojectUnreadable`."""
    path = root / CFG
    try:
        return _section(path, name)
    except configparser.Error as error:
        said = " ".join(error.message.split())
        raise ProjectError(
            f"{path} is no ini file: {said}",
            code="PyprojectUnreadable",
            fix="mend that line, then run the command again",
        ) from None
    except UnicodeDecodeError as error:
        raise ProjectError(
            f"{path} is not UTF-8: {error}", code="PyprojectUnreadable", fix="save the file in UTF-8"
        ) from None


def _section(path: Path, name: str) -> dict[str, str] | None:
    parser = configparser.RawConfigParser()
    parser.read(str(path), encoding="utf-8")
    return dict(parser[name]) if parser.has_section(name) else None


def _has_script(table: Mapping[str, Any]) -> bool:
    """Whether setup.py is read: setuptools builds, and takes the metadata from there."""
    is_poetry = "poetry" in table.get("tool", {})
    return "project" not in table and not is_poetry and pyproject.backend(table).startswith("setuptools")
